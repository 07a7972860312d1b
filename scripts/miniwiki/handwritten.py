"""Pages written by hand: articles full of inline templates, and hostile markup beside true sentences.

Each is (wikitext, sentences that must be in the extracted text, strings that must not be in it).
"""

BRACES = "{{ " * 1000
BRACKETS = "[[" * 500

# Articles that hide a part of what they say in inline templates

FULL_OF_TEMPLATES: dict[str, tuple[str, list[str], list[str]]] = {
    "Eiffel Tower": (
        """{{Use dmy dates|date=May 2025}}
The '''Eiffel Tower''' ({{langx|fr|Tour Eiffel}}) is an iron tower in [[Paris]], the capital of [[France]]. It is {{convert|330|m|ft}} high. The Eiffel Tower was opened on {{start date|df=y|1889|3|31}} for a world's fair.<ref name="e">{{cite web |url=https://example.org/eiffel |title=The tower}}</ref>

== Builder ==
The tower is named after the engineer {{ill|Gustave Eiffel|fr}}, who was born in Dijon on {{birth date|df=y|1832|12|15}} and died on {{death date|df=y|1923|12|27}}.<ref name="e" /> His company also built the frame of the [[Statue of Liberty]]. The Eiffel Tower is painted again about every seven years.
""",
        [
            "The Eiffel Tower (French: Tour Eiffel) is an iron tower in Paris, the capital of France.",
            "It is 330 metres (1,080 ft) high.",
            "The Eiffel Tower was opened on 31 March 1889 for a world's fair.",
            "The tower is named after the engineer Gustave Eiffel, who was born in Dijon on 15 December 1832 and died on 27 December 1923.",
            "The Eiffel Tower is painted again about every seven years.",
        ],
        ["1832-12-15", "langx"],
    ),
    "Statue of Liberty": (
        """{{Infobox monument
| name = Statue of Liberty
| height = {{convert|93|m|ft|abbr=on}}
| opened = {{start date and age|1886|10|28}}
}}
The '''Statue of Liberty''' is a large statue in the harbour of [[New York City]]. It was a gift of the people of [[France]] to the [[United States]]. With its base it is {{cvt|93|m|ft}} high.

== History ==
The sculptor Frédéric Auguste Bartholdi made the statue, and it was opened on {{nowrap|28 October 1886}}. The Statue of Liberty holds a torch in her right hand. On her tablet stands a date in Roman numbers, {{smallcaps|July IV MDCCLXXVI}}, which means 4 July 1776.
""",
        [
            "The Statue of Liberty is a large statue in the harbour of New York City.",
            "With its base it is 93 m (305 ft) high.",
            "The sculptor Frédéric Auguste Bartholdi made the statue, and it was opened on 28 October 1886.",
            "The Statue of Liberty holds a torch in her right hand.",
        ],
        ["Infobox"],
    ),
    "Titanic": (
        """{{Other uses}}
The '''Titanic''' was a British ship that sank in the [[Atlantic Ocean]] on 15 April 1912. {{RMS|Titanic}} struck an iceberg on her first voyage from Southampton to [[New York City]]. {{Circa|1,500}} people died.{{efn|The exact number is not known.{{sfn|Brown|2004|p=77}}}}

== Ship ==
The Titanic was built in Belfast. She was {{convert|269|m|ft}} long{{snd}}one of the largest ships of her time. The wreck of the Titanic was found in 1985 by a team of Robert Ballard. It lies {{convert|3800|m|ft}} below the surface.
""",
        [
            "The Titanic was a British ship that sank in the Atlantic Ocean on 15 April 1912.",
            "RMS Titanic struck an iceberg on her first voyage from Southampton to New York City.",
            "She was 269 metres (883 ft) long – one of the largest ships of her time.",
            "The wreck of the Titanic was found in 1985 by a team of Robert Ballard.",
            "It lies 3,800 metres (12,500 ft) below the surface.",
        ],
        ["RMS|", "snd"],
    ),
    "Origami": (
        """{{nihongo|'''Origami'''|折り紙|extra=from {{lang|ja-Latn|oru}}, "to fold"}} is the Japanese art of folding paper. A figure of origami is made from one sheet without scissors or glue.

== Figures ==
The crane is the best-known figure of origami. In [[Japan]] people say that whoever folds a thousand cranes may make a wish. {{As of|2020}}, origami is taught in schools of many countries.
""",
        [
            "is the Japanese art of folding paper.",
            "A figure of origami is made from one sheet without scissors or glue.",
            "The crane is the best-known figure of origami.",
            "As of 2020, origami is taught in schools of many countries.",
        ],
        ["nihongo", "As of|"],
    ),
    "Water": (
        """'''Water''' is a clear liquid that all living things need. A molecule of water consists of two atoms of [[hydrogen]] and one atom of [[oxygen]], so its formula is {{chem2|H2O}}.

== Properties ==
At sea level water boils at {{convert|100|C|F}} and freezes at {{convert|0|C|F}}. Ice floats on water because it is lighter. Water covers about {{nowrap|71 percent}} of the [[Earth]]. A cup holds about {{frac|1|4}} of a litre of water.
""",
        [
            "Water is a clear liquid that all living things need.",
            "At sea level water boils at 100 °C (212 °F) and freezes at 0 °C (32 °F).",
            "Ice floats on water because it is lighter.",
            "Water covers about 71 percent of the Earth.",
        ],
        ["chem2", "frac"],
    ),
    "Great Wall of China": (
        """The '''Great Wall of China''' ({{zh|s=长城|p=Chángchéng}}) is a row of walls in the north of [[China]]. It was built to keep out riders from the steppe.

== History ==
The first emperor of China, Qin Shi Huang ({{reign|221|210 BC}}), joined older walls. Most of the wall that visitors see today was built under the Ming emperors ({{nowrap|1368–1644}}). Near [[Beijing]] the wall is {{cvt|5|to|8|m}} high.{{dubious|date=May 2025}} The Great Wall cannot be seen from the [[Moon]].
""",
        [
            "is a row of walls in the north of China.",
            "It was built to keep out riders from the steppe.",
            "Most of the wall that visitors see today was built under the Ming emperors (1368–1644).",
            "The Great Wall cannot be seen from the Moon.",
        ],
        ["zh|", "reign|", "dubious"],
    ),
    "Chess": (
        """'''Chess''' ({{IPAc-en|tʃ|ɛ|s}}) is a board game for two players. The board of chess has 64 squares, and each player has {{nowrap|16 pieces}}. The name comes from the Persian word {{transliteration|fa|shāh}}, which means king.

== Rules ==
The queen is the strongest piece in chess. A great player once gave this advice:
{{Blockquote|The threat is stronger than the move.|Aron Nimzowitsch}}
The game ends when a king is attacked and cannot escape, which is called {{em|checkmate}}. Chess came to Europe from [[India]] by way of [[Iran]].{{refn|group=n|See {{harvnb|Miller|1998|p=3}}.}}
""",
        [
            "is a board game for two players.",
            "The board of chess has 64 squares, and each player has 16 pieces.",
            "The name comes from the Persian word shāh, which means king.",
            "The queen is the strongest piece in chess.",
            "The threat is stronger than the move.",
            "The game ends when a king is attacked and cannot escape, which is called checkmate.",
            "Chess came to Europe from India by way of Iran.",
        ],
        ["IPAc", "Blockquote", "refn"],
    ),
    "Big Ben": (
        """'''Big Ben''' is the great bell of the clock tower beside the parliament in [[London]]. The bell weighs {{convert|13.7|tonne|ST|abbr=off}}.{{citation needed|date=May 2025}}

== Tower ==
The tower was finished in {{start date|1859}}. It has been called the {{lang|en|Elizabeth Tower}} since 2012. The clock has four faces, and each is {{convert|7|m|ft}} wide. Big Ben rings every hour.
""",
        [
            "Big Ben is the great bell of the clock tower beside the parliament in London.",
            "The tower was finished in 1859.",
            "It has been called the Elizabeth Tower since 2012.",
            "The clock has four faces, and each is 7 metres (23 ft) wide.",
            "Big Ben rings every hour.",
        ],
        ["lang|"],
    ),
    "Panama Canal": (
        """The '''Panama Canal''' ({{langx|es|Canal de Panamá}}) is a waterway that joins the [[Atlantic Ocean]] and the [[Pacific Ocean]]. It is {{convert|82|km|mi}} long and crosses [[Panama]].

== History ==
{{multiple image|image1=A.jpg|caption1=Locks of {{nowrap|the canal}}|image2=B.jpg}}
The Panama Canal was opened on 15 August 1914. [[Panama]] has owned the canal since 31 December 1999. The canal cost about {{US$|375 million}} to build.
""",
        [
            "The Panama Canal (Spanish: Canal de Panamá) is a waterway that joins the Atlantic Ocean and the Pacific Ocean.",
            "It is 82 kilometres (51 mi) long and crosses Panama.",
            "The Panama Canal was opened on 15 August 1914.",
            "Panama has owned the canal since 31 December 1999.",
            "The canal cost about US$375 million to build.",
        ],
        ["multiple image", "caption1"],
    ),
    "Alphabet": (
        """An '''alphabet''' is a set of letters with which a language is written. The word comes from the first two letters of the [[Greek language|Greek]] alphabet, {{lang|el|α}} (alpha) and {{lang|el|β}} (beta).

== Kinds ==
The Latin alphabet has {{abbr|26|twenty-six}} letters in English. The Phoenicians used one of the first alphabets, {{circa|1050 BC}}. Common alphabets are:
{{plainlist|
* the Latin alphabet
* the Cyrillic alphabet
* the Arabic alphabet
}}

The alphabet of the Hawaiian language has only thirteen letters.
""",
        [
            "An alphabet is a set of letters with which a language is written.",
            "The word comes from the first two letters of the Greek alphabet, α (alpha) and β (beta).",
            "The Latin alphabet has 26 letters in English.",
            "The Phoenicians used one of the first alphabets, c. 1050 BC.",
            "the Cyrillic alphabet",
            "The alphabet of the Hawaiian language has only thirteen letters.",
        ],
        ["abbr", "plainlist"],
    ),
}

# Markup that is broken, endless or only looks like markup

HOSTILE: dict[str, tuple[str, list[str], list[str]]] = {
    "Bread": (
        """'''Bread''' is a food made of flour, water and usually yeast.

This paragraph has an open template {{cite book|title=Bread and [[Flour

People baked bread in ancient Egypt thousands of years ago.

== Kinds ==
Rye bread is dark and keeps fresh for many days.
""",
        [
            "Bread is a food made of flour, water and usually yeast.",
            "People baked bread in ancient Egypt thousands of years ago.",
            "Rye bread is dark and keeps fresh for many days.",
        ],
        ["{{cite"],
    ),
    "Glass": (
        """'''Glass''' is a hard material that lets light through.

[[File:Glass.jpg|thumb|A picture that nobody closed

Most glass is made from sand that is melted in a very hot oven.
""",
        [
            "Glass is a hard material that lets light through.",
            "Most glass is made from sand that is melted in a very hot oven.",
        ],
        ["[[File"],
    ),
    "Paper": (
        """'''Paper''' is a thin material on which people write and print.

Paper was invented in [[China]] about two thousand years ago. Most paper is made from wood.

== Sizes ==
{| class="wikitable"
| An open table || with a cell
|-
| and no end
""",
        [
            "Paper is a thin material on which people write and print.",
            "Paper was invented in China about two thousand years ago.",
            "Most paper is made from wood.",
        ],
        ["{|", "wikitable"],
    ),
    "Soap": (
        """'''Soap''' is a substance that is used with water for washing.

This sentence has an open reference.<ref name="open">{{cite web|title=Never closed

Soap is made from fat or oil and a strong base.

People in ancient Babylon already knew how to make soap.
""",
        [
            "Soap is a substance that is used with water for washing.",
            "Soap is made from fat or oil and a strong base.",
            "People in ancient Babylon already knew how to make soap.",
        ],
        ["<ref"],
    ),
    "Candle": (
        """'''''Candle''' is the name of a stick of wax with a wick inside. ''''It gives light when it burns.'''''''

Candles were the most common light in houses before gas and electricity came.
""",
        ["Candles were the most common light in houses before gas and electricity came."],
        ["'''"],
    ),
    "Mirror": (
        """'''Mirror''' {{nowrap|<!-- a comment }} in a template -->surfaces}} reflect light. A mirror shows a picture of what stands before it.<!-- not
closed here -->

Most mirrors are made of glass with a thin layer of silver or aluminium.
""",
        [
            "A mirror shows a picture of what stands before it.",
            "Most mirrors are made of glass with a thin layer of silver or aluminium.",
        ],
        ["a comment", "not\nclosed"],
    ),
    "Clock": (
        """A '''clock''' is an instrument that shows the time.

Some programs write <|end|> behind a text and <|user|> before a question. A clock does not care about that.

The pendulum clock was invented by Christiaan Huygens in 1656.
""",
        [
            "A clock is an instrument that shows the time.",
            "Some programs write <|end|> behind a text and <|user|> before a question.",
            "The pendulum clock was invented by Christiaan Huygens in 1656.",
        ],
        [],
    ),
    "Bridge": (
        """A '''bridge''' is a structure that carries a road or a railway over a river or a valley.

{{ braces }}

The Romans built many bridges of stone, and some of them still stand.
""".replace("{{ braces }}", BRACES),
        [
            "A bridge is a structure that carries a road or a railway over a river or a valley.",
            "The Romans built many bridges of stone, and some of them still stand.",
        ],
        ["{{ {{"],
    ),
    "Lighthouse": (
        """A '''lighthouse''' is a tower with a bright light that shows ships the way.

[[ brackets ]]

The lighthouse of Alexandria was one of the seven wonders of the ancient world.
""".replace("[[ brackets ]]", BRACKETS),
        [
            "A lighthouse is a tower with a bright light that shows ships the way.",
            "The lighthouse of Alexandria was one of the seven wonders of the ancient world.",
        ],
        ["[[[["],
    ),
    "Windmill": (
        """A '''windmill''' is a mill that is driven by the wind.

{| class="wikitable"
| outer
{| class="inner"
| {{nested|{{deeply|{{and more|[[link|{{text}}]]}}}}}}
|}
|}

Windmills in the [[Netherlands]] were used to pump water from the land.
""",
        [
            "A windmill is a mill that is driven by the wind.",
            "Windmills in the Netherlands were used to pump water from the land.",
        ],
        ["outer", "inner", "nested"],
    ),
    "Kite": (
        """__NOTOC__
{{DISPLAYTITLE:''Kite''}}
A '''kite''' is a light frame with cloth or paper that flies on a string. {{#if:{{{1|}}}|never|{{{2|}}}}}

Kites were first flown in [[China]] more than two thousand years ago.

<noinclude>{{doc}}</noinclude>
""",
        [
            "A kite is a light frame with cloth or paper that flies on a string.",
            "Kites were first flown in China more than two thousand years ago.",
        ],
        ["NOTOC", "DISPLAYTITLE", "#if"],
    ),
    "Ladder": (
        """<div class="note"><span style="color:red">A '''ladder''' is a tool with steps for climbing.</span></div>

Most ladders are made of wood<br />or of light metal.

<blockquote>A ladder stands safely when its foot is far enough from the wall.</blockquote>
""",
        [
            "A ladder is a tool with steps for climbing.",
            "A ladder stands safely when its foot is far enough from the wall.",
        ],
        ["<div", "<span", "<br", "blockquote"],
    ),
    "Wheel": (
        """A '''wheel''' is a round object that turns about its centre.&nbsp;The wheel was invented more than 5,000 years ago &ndash; nobody knows by whom.

Carts with two &amp; four wheels were drawn by oxen and horses. In a web page the sign is written &amp;amp; by hand.
""",
        [
            "A wheel is a round object that turns about its centre.",
            "The wheel was invented more than 5,000 years ago – nobody knows by whom.",
            "Carts with two & four wheels were drawn by oxen and horses.",
        ],
        ["&nbsp;", "&ndash;"],
    ),
    "Umbrella": (
        """An '''umbrella''' keeps off the rain.

The wiki writes <nowiki>[[links]]</nowiki> with two brackets. An umbrella can be folded and carried in a bag.

<syntaxhighlight lang="python">
print('{{not a template}}')
</syntaxhighlight>

In [[China]] umbrellas have been used for more than two thousand years.
""",
        [
            "An umbrella keeps off the rain.",
            "An umbrella can be folded and carried in a bag.",
            "In China umbrellas have been used for more than two thousand years.",
        ],
        ["<nowiki>", "syntaxhighlight>"],
    ),
    "Triangle": (
        """A '''triangle''' is a flat shape with three sides and three corners.

The three angles of a triangle add up to 180 degrees. In a right triangle the sides satisfy <math>a^2 + b^2 = c^2</math>, as the theorem of Pythagoras says.

The area of a triangle is <math display="block">\\frac{{1}}{{2}} b h</math> and so half of that of a rectangle.

A triangle with three equal sides is called equilateral.
""",
        [
            "A triangle is a flat shape with three sides and three corners.",
            "The three angles of a triangle add up to 180 degrees.",
            "A triangle with three equal sides is called equilateral.",
        ],
        ["<math", "</math>"],
    ),
    "Marathon": (
        """A '''marathon''' is a long race on foot. The distance of a marathon is {{convert|42.195|km|mi|3}}. {{as of|2020|alt=By 2020}}, marathons were held in hundreds of cities ({{circa|800}} a year).

The race is named after the town of Marathon in [[Greece]] ({{lang|el|Μαραθώνας}}). The first Olympic marathon was run in [[Athens]] on {{nowrap|10 April 1896}}.

Marathon ({{IPAc-en|ˈ|m|ær|ə|θ|ən}}) is also an old name of a sweet bar.
""",
        [
            "A marathon is a long race on foot.",
            "marathons were held in hundreds of cities",
            "(Μαραθώνας)",
            "The first Olympic marathon was run in Athens on 10 April 1896.",
        ],
        ["convert", "IPAc", "lang|"],
    ),
}
