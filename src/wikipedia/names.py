"""Names: of languages and countries by their codes, of chemical elements, of templates that show no prose."""


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
EU,EUR European Union; URS Soviet Union; SUN Soviet Union; YUG Yugoslavia; TCH,CSK Czechoslovakia; GDR East Germany; FRG West Germany; SCG Serbia and Montenegro; UN United Nations; FLK Falkland Islands; SGS South Georgia and the South Sandwich Islands; BVT Bouvet Island; MAF Saint Martin; BLM Saint Barthélemy;
CUR Curaçao; BES Bonaire; MYT Mayotte; NFK Norfolk Island; NIU Niue; TKL Tokelau; ATA Antarctica; PCN Pitcairn Islands; MNP Northern Mariana Islands; SPM Saint Pierre and Miquelon""")

ELEMENTS = {
    name: symbol
    for symbol, name in (
        pair.split()
        for pair in """
H hydrogen;He helium;Li lithium;Be beryllium;B boron;C carbon;N nitrogen;O oxygen;F fluorine;Ne neon;Na sodium;Mg magnesium;Al aluminium;Si silicon;
P phosphorus;S sulfur;Cl chlorine;Ar argon;K potassium;Ca calcium;Sc scandium;Ti titanium;V vanadium;Cr chromium;Mn manganese;Fe iron;Co cobalt;Ni nickel;
Cu copper;Zn zinc;Ga gallium;Ge germanium;As arsenic;Se selenium;Br bromine;Kr krypton;Rb rubidium;Sr strontium;Y yttrium;Zr zirconium;Nb niobium;
Mo molybdenum;Tc technetium;Ru ruthenium;Rh rhodium;Pd palladium;Ag silver;Cd cadmium;In indium;Sn tin;Sb antimony;Te tellurium;I iodine;Xe xenon;Cs caesium;
Ba barium;La lanthanum;Ce cerium;Pr praseodymium;Nd neodymium;Pm promethium;Sm samarium;Eu europium;Gd gadolinium;Tb terbium;Dy dysprosium;Ho holmium;Er erbium;
Tm thulium;Yb ytterbium;Lu lutetium;Hf hafnium;Ta tantalum;W tungsten;Re rhenium;Os osmium;Ir iridium;Pt platinum;Au gold;Hg mercury;Tl thallium;Pb lead;
Bi bismuth;Po polonium;At astatine;Rn radon;Fr francium;Ra radium;Ac actinium;Th thorium;Pa protactinium;U uranium;Np neptunium;Pu plutonium;Am americium;
Cm curium;Bk berkelium;Cf californium;Es einsteinium;Fm fermium;Md mendelevium;No nobelium;Lr lawrencium;Rf rutherfordium;Db dubnium;Sg seaborgium;Bh bohrium;
Hs hassium;Mt meitnerium;Ds darmstadtium;Rg roentgenium;Cn copernicium;Nh nihonium;Fl flerovium;Mc moscovium;Lv livermorium;Ts tennessine;Og oganesson;
Uue ununennium""".replace("\n", "").split(";")
    )
}

# Templates of English Wikipedia that show no prose: citations, hatnotes, notices, boxes, icons, layout, links to other sites
SILENT_TEMPLATES = [
    name.strip()
    for name in """
#assessment; #babel; #coordinates; #dateformat; #formatdate; #iferror; #ifexist; #ifexpr; #language; #lst; #lsth;
#property; #related; #section; #statements; #time; 16teambracket; 1911; 2teambracket; 2x; 32teambracket; 3rdplace;
4teambracket; 8teambracket; a-z toc; abbreviations; about; about-distinguish; about2; academic genealogy; accessdate;
according to whom; adjacent     stations; adjacent communities; advert; afd; ahnentafel; ahnentafel bottom; ahnentafel
top; ahnentafel-compact4; ahnentafel-compact5; airport disambiguation; album chart; album ratings; album reviews;
albumchart; algorithm-begin; algorithm-end; allmovie; allmovie title; allmusic; allpages; alphabetical toc; also;
ambiguous; ambiguous link; ambox; americana; americana poster; amg     movie; anchorencode; animal common name; anime
news network; ann; ann name; annotated image; annotated image 4; archive; article for deletion/dated; article issues;
as of?; atp; attached kml; attached kml2; attached media; audio; australian party style; author missing; authority;
authority     control (arts); authority control; autobiography; automatic taxobox; avibase; awards table; awkward; bar
percent; bar box; bar chart; bar pixel; bartable; baseballstats; basketballbox; basketballstats; bbc online; bbc
programme; bd; being merged; better source; birdlife; blp     sources; blp primary sources; blp unsourced; book bar;
bots; box office mojo; boxquote; broad concept; broader; bronze     medal; bronze03; bronze3; bronzemedal; bs; bs2;
bs3; bs4; bs5; bsn; buzzword; by whom; by whom?; c-span; call sign disambiguation; canadian party colour; canned
search; cat diffuse; cat main; cat more; cat see also; category handler; category tree; category tree     all;
categorytree; catholic; catholic encyclopedia; catmain; caution; cb; cbignore; cfd; charlie rose view; charmap; chart;
chart/end; chart/start; check quotation; chembox; chembox elements; chess     position; chess diagram; chess diagram
small; chinese title disambiguation; cia world factbook; cia world factbook link; cladogram; cleanup; cleanup rewrite;
cleanup-reorganize; cleanup-translation; climate box; climate chart; close paraphrasing; closed access; cn; coatrack;
coi; col; colbegin; colend; colend2; collapse     bottom; collapse top; collapsed infobox section begin; collapsed
infobox section end; collapsed top; collapsible     list; collier's poster; color box; colorbox; colorbull;
colorsample; colour box; column; columns-end; columns-start; commons; commonscat; compact periodic table; compact toc;
compacttoc; compare image with wikidata; complete list; condense; confuse; confused; confusing; context; contradict;
contradicts other; coor; coor at dms; coor d; coor dms; coor title     dms; coor title d; coord; coord display; coord
missing; coords; copy edit; copyedit; copypaste; correct     title; correct title2; country data; country study;
cricinfo; cricketarchive; cs1 config; cslist end; css; css crop; css image crop; curlie; curlie2; current; current
related; currentdow; currenttime; currentweek; cycling race/generalclassification; dab; dablink; dads; data box; date
missing; daviscup player; db; dead; dead end; dead link; dead-end; deadlink; decrease; decreaseneutral;
decreasepositive; default sort; details; details3; disamb link; disambig; disambiguation; disambiguation cleanup;
disambiguation page; discogs; discogs artist; discogs master; discuss; diseasesdb; disputed; div col     end2; div col
end; div col start; div-col-end; dmbox; dmoz; dn; dnb poster; doc; documentation; done; double image; down; drugbox;
dtsh; dubious; dubious span; dummy; duplicated citations; dynamic list; eb1911; eb1911 poster; eb9; ebox;
editorializing; election     table; election results; element cell; elementbox; eliteprospects; emedicine;
emedicinesubj; emedicinetopic; emoji; end; end box; end div col; end flatlist; end plainlist; endbox; endflatlist;
endplainlist; engvar; engvarb; engvaro; enzyme; eol; eom; epguides; episode list; episode list/sublist; episode table;
episode table/part; equation box 1; error; espncricinfo; essay; essay-like; examples; excerpt; expand; expert;
expert-subject; explain; external image; external media; external music video; external timeline; external video;
extra album cover; extra chronology; extra track listing; facebook; fact; failed verification; fan pov; fansite; fb cl
header navbar; fb end; fb start; fbicon; fcn; featured article; featured list; featured portal; fifa player; filepath;
film     ratings; film and game ratings; filmography table end; find a grave; findagrave; fishbase; fix; flag deco;
flagdeco; flagicon; flagicon image; flagicon2; foldoc; football squad; football squad end; football squad mid;
football squad player; football squad start; footballbox; footballbox     collapsible; footballstats; footer; for; for
loop; for multi; for2; formatting error; fossil range; fossilrange; frame top; free access; free content attribution;
free-content attribution; freedict; freshmeat; fs break; fs end; fs mid; fs player; fs start; fs2 end; fs2 start;
full; fullurl; fungus     common name; further; further2; furtherinfo; fv; gain; gallery; game guide; gamelog header;
gb grid; gbgridref; gbif; gbm4ibx; gbmapping; gender; genus disambiguation; geobox; geodata; geodis; geodis2;
geographic location; geogroup; geogroup template; geological range; geonames; geonet2; gesture; github; given name;
given names; globalize; glossary; glossary begin; glossary end; glossend; gnf protein box; gnis; go board 9x9; goal;
goal scorer; goban 9x9; gold; gold medal; gold01; gold1; goldmedal; good article; goodreads author; google book;
google books; google maps; govpubs; graph; graphic novel     list/header; graphic novel list; graphic novel
list/footer; graphical timeline; gridref; guardiantopic; guidebook; harvid; harvrefcol; harvs; hathitrust; hidden;
hidden     end; hidden begin; hidden sort; hidden sort key; hidden-end; hndis; hoax; hockeydb; horizontal timeline;
horizontal toc; hospital disambiguation; how; howto; hs; hsp2; human name     disambiguation; hybridbox; iblist name;
icd10; icd9; icon; iep; ill end; image; image     hoax; image array; image frame; importance example; improper
synthesis?; in     our time; in popular culture; in use; in-universe; inappropriate tone; inc-film; inc-lit; inc-tv;
inc-up; inc-video; include timeline; include-eb; include-nasa; include-usgov; incomplete; incomplete list;
inconsistent; increase; increasenegative; increaseneutral; inflation; inflation year; inflation-fn; inflation-year;
inflation/fn; infringing link; inline tag; inpho; instagram; int; internet     archive film; internet archive;
internet archive author; internet archive short film; interwiki conflict; intitle; inuse; iot; isbn missing; isfdb;
isfdb name; isfdb title; isotopes table; italic dab; italic title; italictitle; itf; itf profile; itis; iucn; iucn
map; iucn status; japanese episode list; jctbtm; jctco; jctint; jctplace; jctrdt; jcttop; kia; klov game; kml; lead
extra info; lead missing; lead rewrite; lead too long; lead too short; legend; legend end; legend row; legend start;
legend-line; legend0; legend2; legendline; letter disambiguation; letter-number combination disambiguation; library
resources about; library resources box; lifetime; limited     overs matches; limitedovers; line chart; link fa; link
fl; link ga; link note; linkedin; list main; list of     letters; list to prose; list toc; listen; loc; localurl;
long; long fossil range; long plot; look from; lookfrom; lopsided; lorem ipsum; loss; lower; lower case title;
lowercase; lowercase title; lunar coords and quad cat; mactutor; mactutor     biography; main; mainarticles; manual;
map caption; mapcaption; mapframe; maplink; maps; mathematical disambiguation; mathgenealogy; mathworld; mbox; mcn;
med; medal; medalbottom; medalbronze; medalcompetition; medalcountry; medalgold; medalsilver; medalsport;
medaltableTop; medaltemplates; medaltop; medlineplus; medref; mesh name; metacritic; metacritic film; mfd;
mil-unit-dis; mobygames; mojo title; more detail; more footnotes; mountain index; mountainindex; move; move portions;
msw3; multi-video end; multi-video item; multi-video start; multiple; multiple image; multiple images; multiple
issues; music     disambiguation; music ratings; musicbrainz; musicbrainz artist; mvar note; myspace; names; nat fs
end; nat fs break; nat fs g player; nat fs g start; nat fs player; nat fs r player; nat fs r start; nat fs start;
national-football-teams; navigation; ncbi; ncbi taxonomy; news release; nfl player; nicg; nickname; nlab; no
footnotes; no italic title; no plot; nobots; nobots2; nochange; noexternallanglinks; noflag; nofollow; nohyphens;
noref; normdaten; not     english; not done; not in citation given; not to be confused with; notability; note; note
label; notelist; notelist-la; notelist-ua; notes; notetag; notice; notoc; npg name; npov; nrdb species; ns; nsrw; nsrw
poster; ntsh; numberdis; numbered block; numberofactiveusers; numberofadmins; numberofarticles; numberofedits;
numberoffiles; numberofpages; numberofusers; nutritional value; nutritionalvalue; nyttopic; obsolete source; official;
official     website; ogg; ohloh; ol author; ol work; olympedia; ombox; omim; one source; open     access; openhub;
openlibrary; opinion; or; ordered hatnote; organize; original research; orphan; orres; oscoor; osm location map; osm
relation; osmrelation; other; otheruses; outdated; overlinked; overly detailed; padleft; padright; panorama; para;
party color; party color     cell; party name with color; party shading; partycolor; pbb; pd-notice; peacock; peacock
term; pedigree; peerage; peerage image; pengoal; pengoal2; penmiss; penmiss2; periodic table; persondata; persondata2;
pfam box; phanerozoic 220px; philpapers; photomontage; phylogeny; pie chart; ping; place name disambiguation;
plainlist end; planetmath; planetmath attribution; plant common name; plantcommonname; plot; plural; pn; population;
portal; portal bar; portal box; portal frame; portal navbar; portals; pov; pov check; pov statement; pov-section;
pov-statement; pp; prabook; prefix; preloaded     image; prettytable; primary sources; prod; prod blp; professional
ratings; profit; projectmuse; pronunciation file; proposed deletion; prose; protected; protection padlock; protein;
prove it; pullbox; qualify evidence; quantify; quotation box; quote box; quote box2; quote without source; quotebox;
r; r     from; railway line; ran; rcat shell; recent; recentism; redr; ref; ref improve; ref label; ref tag; refbegin;
refend; reference column     heading; references; refhidden; refimprove; refn; refs; registration required; related
articles; relevance; rellink; reply; restructure; retracted; retrieved; review; revisionid; revisionuser; rfd; road
disambiguation; roaddis; roadindex; rotten tomatoes; rotten tomatoes person; rotten-tomatoes; rough translation;
round16; round4; round8; rp; rquote; rs; rugbybox; rugbybox     collapsible; sandbox; school     disambiguation; sd;
search; section; section excerpt; sections; see; see also; see-also; self reference; self-contradictory;
self-published; selfref; semi-protected; sent off; sep; sep entry; series overview; server; set index article;
shipindex; short desc; short description; shortcut; shortdescription; sia; side box; side by side; sidebar; sidebar
with     collapsible lists; sidebox; silver medal; silver02; silver2; silvermedal; simple horizontal timeline; single
chart; single-innings cricket match; singlechart; sister links; sister project; sister project links; sisterlinks;
sisterproject; sitename; soccerway; sort key; sortkey; source-attribution; sources; sources exist; spaceflight crew;
special characters; species latin name     abbreviation disambiguation; species latin name disambiguation; speciesbox;
specify; split; split2; splitting; spoken article; spoken wikipedia; spoken wikipedia boilerplate; sportindex; sports
reference; sports table; sports-reference; springer; springereom; stack; stack begin; stack end; stackbegin; stacked
bar; stackend; start; start box; startbox; startflatlist; startplainlist; statedept; station     disambiguation;
stationdis; steady; story; stub; stubs; sub article; sub off; sub on; subarticle; subject bar; suboff; subon;
subscription; subscription required; subspeciesbox; subst:void; succession; succession box; summary style;
superimpose; superimpose2; surname; synagogue disambiguation; sync; synthesis; systemic bias; talk header; tall image;
taxobox; taxobox name; taxonbar; taxonomy     disambiguation; team bracket; technical; technical reasons; television
critical response; television season ratings; tennishof; test match; tfd; third-party; this; three other uses;
timeline; timeline of; title language; title missing; tl; tlc; tld; tlx; tmbox; toc; tocleft; tocright; tone; too
few opinions; too many photos; track listing; tracklist; tracklisting; transcluding article; transfermarkt;
translation; trim; trimmed; triple image; trivia; tv guide show; tv.com; tv.com show; tvguide; twitter; two other
uses; two-legged result; uefa player; unbalanced; uncategorized; under construction; underlinked; undue; undue weight;
unreliable     sources; unreliable source; unreliable source?; unsigned; unsourced; up; update; update after;
urlencode; usdos; use; user; userboxtree; userlinks; usgovpd; vague; vb res; verify; verify credibility; verify
source; very long; vg reviews; video; video game reviews; vn; wayback; weasel; weather box; webarchive; welcome; when;
where; which; who; whom; whose; why; wide image; wide template; wikiatlas; wikibooks; wikibookspar; wikicite; wikify;
wikimapia; wikimedia; wikipedia books; wikipedia disambiguation; wikipedia timeline; wikipedia-books; wikiquote;
wikispecies; wikispecies     link; wikitravel; wikiversity; wiktionary; wiktionarypar; worldcat; worldcat id; ws; wta;
xeno-canto species; year missing; yel; yesno; youtube; youtube channel""".replace("\n", " ").split(";")
]
