"""Names that templates stand for: languages by their codes, countries by theirs, chemical elements."""


def _table(text: str) -> dict[str, str]:
    """'en English; fr French' -> {'en': 'English', 'fr': 'French'}; several codes are joined by commas."""
    found = {}
    for entry in text.replace("\n", " ").split(";"):
        codes, _, name = entry.strip().partition(" ")
        found.update(dict.fromkeys(codes.split(","), name.strip()))
    return found


# ISO 639 codes and the private ones of Template:Lang, with the names its labels show
LANGUAGES = _table("""
aa Afar; ab Abkhaz; ae Avestan; af Afrikaans; ak Akan; akk Akkadian; aln Gheg Albanian; als Tosk Albanian; am Amharic;
an Aragonese; ang Old English; ar Arabic; arc Aramaic; arz Egyptian Arabic; as Assamese; ast Asturian; av Avar;
ay Aymara; az Azerbaijani; ba Bashkir; bal Balochi; ban Balinese; bar Bavarian; bcl Central Bikol; be Belarusian;
ber Berber languages; bg Bulgarian; bho Bhojpuri; bi Bislama; bm Bambara; bn Bengali; bo Standard Tibetan; br Breton;
brh Brahui; bs Bosnian; bua Buryat; bug Buginese; ca Catalan; ce Chechen; ceb Cebuano; cel Celtic; ch Chamorro;
chr Cherokee; ckb Central Kurdish; co Corsican; cop Coptic; cr Cree; crh Crimean Tatar; cs Czech; csb Kashubian;
cu Church Slavonic; cv Chuvash; cy Welsh; da Danish; de German; dsb Lower Sorbian; dv Dhivehi; dz Dzongkha;
ee Ewe; egy Ancient Egyptian; el Greek; en English; enm Middle English; eo Esperanto; es Spanish; et Estonian;
eu Basque; ext Extremaduran; fa Persian; ff Fula; fi Finnish; fil Filipino; fj Fijian; fo Faroese; fr French;
fro Old French; frm Middle French; frp Franco-Provençal; frr North Frisian; fur Friulian; fy West Frisian; ga,gle Irish;
gag Gagauz; gan Gan Chinese; gd Scottish Gaelic; gem Germanic; gez Geʽez; gl Galician; gmh Middle High German;
gn Guarani; goh Old High German; got Gothic; grc,grc-gre Ancient Greek; gsw Swiss German; gu Gujarati; gv Manx; ha Hausa;
hak Hakka Chinese; haw Hawaiian; he,iw Hebrew; hbo Biblical Hebrew; hi Hindi; hil Hiligaynon; hit Hittite; hmn Hmong;
ho Hiri Motu; hr Croatian; hsb Upper Sorbian; ht Haitian Creole; hu Hungarian; hy Armenian; hyw Western Armenian;
ia Interlingua; id Indonesian; ie Interlingue; ig Igbo; ik Inupiaq; ilo Ilocano; inh Ingush; io Ido; is Icelandic;
it Italian; iu Inuktitut; ja Japanese; jbo Lojban; jv Javanese; ka Georgian; kaa Karakalpak; kab Kabyle; kbd Kabardian;
kg Kongo; ki Kikuyu; kk Kazakh; kl Greenlandic; km Khmer; kn Kannada; ko Korean; koi Komi-Permyak; kok Konkani;
krc Karachay-Balkar; krl Karelian; ks Kashmiri; ksh Kölsch; ku,kmr Kurdish; kv Komi; kw Cornish; ky Kyrgyz; la Latin;
lad Judaeo-Spanish; lb Luxembourgish; lez Lezgian; lg Luganda; li Limburgish; lij Ligurian; lmo Lombard; ln Lingala;
lo Lao; lt Lithuanian; ltg Latgalian; lv Latvian; lzh Literary Chinese; mai Maithili; mdf Moksha; mg Malagasy;
mga Middle Irish; mi Māori; min Minangkabau; mk Macedonian; ml Malayalam; mn Mongolian; mnc Manchu; mni Meitei; moh Mohawk;
mr Marathi; ms Malay; mt Maltese; mul Multiple languages; mwl Mirandese; my Burmese; myv Erzya; na Nauruan; nah,nci Classical Nahuatl;
nan Hokkien; nap Neapolitan; nb Norwegian Bokmål; nds Low German; nds-nl Dutch Low Saxon; ne Nepali; new Newar; niu Niuean;
nl Dutch; nn Norwegian Nynorsk; no Norwegian; non Old Norse; nrf Norman; nso Northern Sotho; nv Navajo; ny Chewa; oc Occitan;
odt Old Dutch; oj Ojibwe; om Oromo; or Odia; orv Old East Slavic; os Ossetian; osx Old Saxon; ota Ottoman Turkish; otk Old Turkic;
pa Punjabi; pag Pangasinan; pal Middle Persian; pam Kapampangan; pap Papiamento; pcd Picard; peo Old Persian; phn Phoenician;
pi Pali; pl Polish; pms Piedmontese; pnb Western Punjabi; pnt Pontic Greek; pro Old Occitan; ps Pashto; pt Portuguese;
qu Quechua; rap Rapa Nui; rm Romansh; rmy Vlax Romani; rn Kirundi; ro Romanian; rom Romani; ru Russian; rue Rusyn; rup Aromanian;
rus Russian; rw Kinyarwanda; sa Sanskrit; sah Yakut; sat Santali; sc Sardinian; scn Sicilian; sco Scots; sd Sindhi; se Northern Sami;
sg Sango; sga Old Irish; sgs Samogitian; sh Serbo-Croatian; si Sinhala; sk Slovak; sl Slovene; sm Samoan; sma Southern Sami; sn Shona;
so Somali; sq Albanian; sr Serbian; srn Sranan Tongo; ss Swazi; st Sotho; stq Saterland Frisian; su Sundanese; sux Sumerian; sv Swedish;
sw Swahili; syc Classical Syriac; syr Syriac; szl Silesian; ta Tamil; te Telugu; tet Tetum; tg Tajik; th Thai; ti Tigrinya; tk Turkmen;
tl Tagalog; tn Tswana; to Tongan; tpi Tok Pisin; tr Turkish; ts Tsonga; tt Tatar; tum Tumbuka; tw Twi; ty Tahitian; tyv Tuvan; tzm Central Atlas Tamazight;
udm Udmurt; ug Uyghur; uga Ugaritic; uk Ukrainian; ur Urdu; uz Uzbek; ve Venda; vec Venetian; vep Veps; vi Vietnamese; vls West Flemish;
vo Volapük; vro Võro; wa Walloon; war Waray; wo Wolof; wuu Wu Chinese; wym Wymysorys; xal Kalmyk; xh Xhosa; xmf Mingrelian; yi Yiddish;
yo Yoruba; yua Yucatec Maya; yue Cantonese; za Zhuang; zgh Standard Moroccan Tamazight; zh,cmn Chinese; zu Zulu; zza Zazaki""")

# ISO 3166, Olympic and FIFA codes, as Template:Flag takes them
COUNTRIES = _table("""
AFG Afghanistan; ALB Albania; DZA,ALG Algeria; ASM,ASA American Samoa; AND Andorra; AGO,ANG Angola; AIA Anguilla; ATG,ANT Antigua and Barbuda;
ARG Argentina; ARM Armenia; ABW,ARU Aruba; AUS Australia; AUT Austria; AZE Azerbaijan; BHS,BAH Bahamas; BHR,BRN Bahrain; BGD,BAN Bangladesh;
BRB,BAR Barbados; BLR Belarus; BEL Belgium; BLZ,BIZ Belize; BEN Benin; BMU,BER Bermuda; BTN,BHU Bhutan; BOL Bolivia; BIH Bosnia and Herzegovina;
BWA,BOT Botswana; BRA Brazil; VGB,IVB British Virgin Islands; BRU Brunei; BGR,BUL Bulgaria; BFA,BUR Burkina Faso; BDI Burundi; KHM,CAM Cambodia;
CMR Cameroon; CAN Canada; CPV Cape Verde; CYM,CAY Cayman Islands; CAF,CTA Central African Republic; TCD,CHA Chad; CHL,CHI Chile; CHN China; COL Colombia;
COM Comoros; COG,CGO Republic of the Congo; COD DR Congo; COK Cook Islands; CRI,CRC Costa Rica; HRV,CRO Croatia; CUB Cuba; CUW Curaçao; CYP Cyprus;
CZE Czech Republic; DNK,DEN Denmark; DJI Djibouti; DMA Dominica; DOM Dominican Republic; ECU Ecuador; EGY Egypt; SLV,ESA El Salvador; ENG England; GNQ,GEQ,EQG Equatorial Guinea;
ERI Eritrea; EST Estonia; SWZ Eswatini; ETH Ethiopia; FRO Faroe Islands; FJI,FIJ Fiji; FIN Finland; FRA France; GUF French Guiana; PYF,TAH French Polynesia; GAB Gabon;
GMB,GAM Gambia; GEO Georgia; DEU,GER Germany; GHA Ghana; GIB Gibraltar; GRC,GRE Greece; GRL Greenland; GRD,GRN Grenada; GLP Guadeloupe; GUM Guam; GTM,GUA Guatemala; GGY Guernsey;
GIN,GUI Guinea; GNB,GBS Guinea-Bissau; GUY Guyana; HTI,HAI Haiti; HND,HON Honduras; HKG Hong Kong; HUN Hungary; ISL Iceland; IND India; IDN,INA Indonesia; IRN,IRI Iran; IRQ Iraq; IRL Ireland;
IOM Isle of Man; ISR Israel; ITA Italy; CIV Ivory Coast; JAM Jamaica; JPN Japan; JEY Jersey; JOR Jordan; KAZ Kazakhstan; KEN Kenya; KIR Kiribati; PRK North Korea; KOR South Korea; KOS Kosovo; KWT,KUW Kuwait;
KGZ Kyrgyzstan; LAO Laos; LVA,LAT Latvia; LBN,LIB Lebanon; LSO,LES Lesotho; LBR Liberia; LBY,LBA Libya; LIE Liechtenstein; LTU Lithuania; LUX Luxembourg; MAC Macau; MDG,MAD Madagascar; MWI,MAW Malawi; MYS,MAS Malaysia; MDV Maldives; MLI Mali; MLT Malta;
MHL Marshall Islands; MTQ Martinique; MRT,MTN Mauritania; MUS,MRI Mauritius; MEX Mexico; FSM Federated States of Micronesia; MDA Moldova; MCO,MON Monaco; MNG,MGL Mongolia; MNE Montenegro; MSR Montserrat; MAR Morocco; MOZ Mozambique; MMR,MYA Myanmar; NAM Namibia; NRU Nauru; NPL,NEP Nepal;
NLD,NED Netherlands; AHO Netherlands Antilles; NCL New Caledonia; NZL New Zealand; NIC,NCA Nicaragua; NER,NIG Niger; NGA,NGR Nigeria; MKD North Macedonia; NIR Northern Ireland; NOR Norway; OMN,OMA Oman; PAK Pakistan; PLW Palau; PSE,PLE Palestine; PAN Panama; PNG Papua New Guinea; PRY,PAR Paraguay; PER Peru;
PHL,PHI Philippines; POL Poland; PRT,POR Portugal; PRI,PUR Puerto Rico; QAT Qatar; REU Réunion; ROU,ROM Romania; RUS Russia; RWA Rwanda; SHN Saint Helena; KNA,SKN Saint Kitts and Nevis; LCA Saint Lucia; VCT,VIN Saint Vincent and the Grenadines; WSM,SAM Samoa; SMR San Marino; STP São Tomé and Príncipe; SAU,KSA Saudi Arabia; SCO Scotland; SEN Senegal; SRB Serbia;
SYC,SEY Seychelles; SLE Sierra Leone; SGP,SIN Singapore; SXM Sint Maarten; SVK Slovakia; SVN,SLO Slovenia; SLB,SOL Solomon Islands; SOM Somalia; ZAF,RSA South Africa; SSD South Sudan; ESP Spain; LKA,SRI Sri Lanka; SDN,SUD Sudan; SUR Suriname; SWE Sweden; CHE,SUI Switzerland; SYR Syria; TWN Taiwan; TPE Chinese Taipei; TJK Tajikistan; TZA,TAN Tanzania; THA Thailand; TLS Timor-Leste;
TGO,TOG Togo; TON,TGA Tonga; TTO,TRI Trinidad and Tobago; TUN Tunisia; TUR Turkey; TKM Turkmenistan; TCA Turks and Caicos Islands; TUV Tuvalu; UGA Uganda; UKR Ukraine; ARE,UAE United Arab Emirates; GBR,UK,GB United Kingdom; USA,US United States; VIR,ISV U.S. Virgin Islands; URY,URU Uruguay; UZB Uzbekistan; VUT,VAN Vanuatu; VAT Vatican City; VEN Venezuela; VNM,VIE Vietnam; WAL Wales; ESH Western Sahara; YEM Yemen; ZMB,ZAM Zambia; ZWE,ZIM Zimbabwe;
EU,EUR European Union; URS Soviet Union; SUN Soviet Union; YUG Yugoslavia; TCH,CSK Czechoslovakia; GDR East Germany; FRG West Germany; SCG Serbia and Montenegro; UN United Nations""")

ELEMENTS = {name: symbol for symbol, name in (pair.split() for pair in """
H hydrogen;He helium;Li lithium;Be beryllium;B boron;C carbon;N nitrogen;O oxygen;F fluorine;Ne neon;Na sodium;Mg magnesium;Al aluminium;Si silicon;
P phosphorus;S sulfur;Cl chlorine;Ar argon;K potassium;Ca calcium;Sc scandium;Ti titanium;V vanadium;Cr chromium;Mn manganese;Fe iron;Co cobalt;Ni nickel;
Cu copper;Zn zinc;Ga gallium;Ge germanium;As arsenic;Se selenium;Br bromine;Kr krypton;Rb rubidium;Sr strontium;Y yttrium;Zr zirconium;Nb niobium;
Mo molybdenum;Tc technetium;Ru ruthenium;Rh rhodium;Pd palladium;Ag silver;Cd cadmium;In indium;Sn tin;Sb antimony;Te tellurium;I iodine;Xe xenon;Cs caesium;
Ba barium;La lanthanum;Ce cerium;Pr praseodymium;Nd neodymium;Pm promethium;Sm samarium;Eu europium;Gd gadolinium;Tb terbium;Dy dysprosium;Ho holmium;Er erbium;
Tm thulium;Yb ytterbium;Lu lutetium;Hf hafnium;Ta tantalum;W tungsten;Re rhenium;Os osmium;Ir iridium;Pt platinum;Au gold;Hg mercury;Tl thallium;Pb lead;
Bi bismuth;Po polonium;At astatine;Rn radon;Fr francium;Ra radium;Ac actinium;Th thorium;Pa protactinium;U uranium;Np neptunium;Pu plutonium;Am americium;
Cm curium;Bk berkelium;Cf californium;Es einsteinium;Fm fermium;Md mendelevium;No nobelium;Lr lawrencium;Rf rutherfordium;Db dubnium;Sg seaborgium;Bh bohrium;
Hs hassium;Mt meitnerium;Ds darmstadtium;Rg roentgenium;Cn copernicium;Nh nihonium;Fl flerovium;Mc moscovium;Lv livermorium;Ts tennessine;Og oganesson;
Uue ununennium""".replace("\n", "").split(";"))}
