"""Countries, athletes, seasons, records."""

from wikipedia.names import COUNTRIES
from wikipedia.tables import table
from wikipedia.templates.base import at, first, joined
from wikipedia.templates.base import renders_in_english as renders
from wikipedia.templates.numbers import ordinal


@renders("""
    flag; flagu; flagcountry; country; flagc; flaglink; fb; fbw; fb-rt; nft; flagcountry2; flag+link; ru; ru-rt;
    cr; cr-rt; bk; ih; hb; vb; wp; rl; crw; rut; ruw; flag2; flag big; flagmedia; flagcgf; flagpbc; flagioc;
    flagioc2; flagioc2team; flagiocshort; flagpasog; flagsea; flagasian; flagiocteam; flagcountry/core
    """)
def country(p, n, context):
    return n.get("name") or COUNTRIES.get(at(p, 0), at(p, 0))


@renders("flagathlete; flagiocathlete; flagiocmedalist; flagipcmedalist; flagipcathlete; flagcgfathlete; flagipc")
def athlete(p, n, context):
    return f"{at(p, 0)} ({at(p, 1)})" if at(p, 1) else at(p, 0)


@renders("sortname; sort name")
def person_name(p, n, context):
    return " ".join(x for x in (at(p, 0) or n.get("first", ""), at(p, 1) or n.get("last", "")) if x)


@renders("nhly; nbay; nbly; nhl year; nba year; ahly")
def season(p, n, context):
    year = at(p, 0)
    return n.get("title") or (f"{year}–{(int(year) + 1) % 100:02d}" if year.isdecimal() and len(year) == 4 else year)


@renders("win–loss record; win-loss record; winloss; wlr; football record")
def record(p, n, context):
    return "–".join(
        x for x in [n.get("w") or at(p, 0), n.get("l") or at(p, 1), n.get("d") or n.get("t") or at(p, 2)] if x
    )


@renders("cfb link; cbb link; cfl link; college football link")
def team_link(p, n, context):
    return n.get("title") or " ".join(x for x in (n.get("year"), n.get("team"), n.get("sport")) if x)


renders("fbu; fbwu")(lambda p, n, context: country(p[1:], n, context))
renders("post-nominals; postnominals; post nominals; post-nom")(joined(" "))
renders("""
    mlby; nfly; by; baseball year; mlb year; cfly; nfl year; afly; mlsy; yr; yearlink; scy; lby; wnbay; avyear;
    century; cent; f1; nascar year; irl year; gp2; motogp; wrc; champ car; indycar year; fy; tvy; vgy; wsy; alcsy;
    nlcsy; aldsy; nldsy; alds year; nlds year; nfl playoff year; nflplayoff year; mhl year; wnba year; cfl year;
    afl year; cfb year; cbb year; super bowl link; f2; f3; btcc; wtcc; nascar season; f1 season
    """)(first)


@renders("decade link; decade")
def decade(p, n, context):
    """{{decade link|1990}}: 1990s"""
    return at(p, 1) or (f"{p[0][:3]}0s" if at(p, 0).isdecimal() and len(p[0]) == 4 else at(p, 0))


@renders("winning percentage; winpct; winperc; win percentage; winlosspct; wpct")
def winning_percentage(p, n, context):
    """{{winning percentage|11|5|1}}: .676, a tie being half a win"""
    won, lost, tied = (int(x) if x.isdecimal() and len(x) < 7 else 0 for x in (at(p, 0), at(p, 1), at(p, 2)))
    played = won + lost + tied
    share = (2000 * won + 1000 * tied + played) // (2 * played) if played else 0
    return (f"{share / 1000:.3f}".removeprefix("0")) if played else "–"


renders("rating")(lambda p, n, context: f"{at(p, 0)}/{at(p, 1)} stars" if at(p, 1) else at(p, 0))
renders("christgau")(first)
renders("f1gp; f1 gp; motogp gp")(lambda p, n, context: f"{at(p, 1)} Grand Prix" if at(p, 1) else at(p, 0))
renders("army")(lambda p, n, context: n.get("name") or f"{COUNTRIES.get(at(p, 0), at(p, 0))} Army")
renders("navy")(lambda p, n, context: n.get("name") or f"{COUNTRIES.get(at(p, 0), at(p, 0))} Navy")
renders("air force")(lambda p, n, context: n.get("name") or f"{COUNTRIES.get(at(p, 0), at(p, 0))} Air Force")


@renders("ushr")
def congressional_district(p, n, context):
    """{{ushr|NY|10}}: New York's 10th congressional district"""
    state, number = _STATES.get(at(p, 0).upper(), at(p, 0)), at(p, 1)
    if not number.isdecimal():
        return f"{state}'s at-large congressional district"
    return f"{state}'s {ordinal([number], {}, context)} congressional district"


_STATES = table("us_states")
