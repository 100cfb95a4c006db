"""The sources of what a report uses, with addresses. A reader may follow them; the page itself loads nothing."""

from collections.abc import Iterable

ARXIV, DOI = "https://arxiv.org/abs/", "https://doi.org/"
ADDRESSES = {
    "Agarwal et al. 2021": f"{ARXIV}2108.13264",
    "Alaa et al. 2022": f"{ARXIV}2102.08921",
    "Aneja et al. 2021": f"{ARXIV}2010.02917",
    "Bauer and Mnih 2019": f"{ARXIV}1810.11428",
    "Bińkowski et al. 2018": f"{ARXIV}1801.01401",
    "Bonneel et al. 2015": f"{DOI}10.1007/s10851-014-0506-3",
    "Burda et al. 2016": f"{ARXIV}1509.00519",
    "Chadebec and Allassonnière 2022": f"{ARXIV}2209.07370",
    "Chen et al. 2017": f"{ARXIV}1611.02731",
    "Chong and Forsyth 2020": f"{ARXIV}1911.07023",
    "Dai and Wipf 2019": f"{ARXIV}1903.05789",
    "Dempster et al. 2020": f"{ARXIV}1910.13051",
    "Durkan et al. 2019": f"{ARXIV}1906.04032",
    "Efron and Stein 1981": f"{DOI}10.1214/aos/1176345462",
    "Esteban et al. 2017": f"{ARXIV}1706.02633",
    "Friedman and Dieng 2023": f"{ARXIV}2210.02410",
    "Ghosh et al. 2020": f"{ARXIV}1903.12436",
    "Heusel et al. 2017": f"{ARXIV}1706.08500",
    "Higgins et al. 2017": "https://openreview.net/forum?id=Sy2fzU9gl",
    "Ho et al. 2020": f"{ARXIV}2006.11239",
    "Kim and Mnih 2018": f"{ARXIV}1802.05983",
    "Kingma and Dhariwal 2018": f"{ARXIV}1807.03039",
    "Kingma and Welling 2014": f"{ARXIV}1312.6114",
    "Kynkäänniemi et al. 2019": f"{ARXIV}1904.06991",
    "Lopez-Paz and Oquab 2017": f"{ARXIV}1610.06545",
    "Makhzani et al. 2016": f"{ARXIV}1511.05644",
    "Meehan et al. 2020": f"{ARXIV}2004.05675",
    "Naeem et al. 2020": f"{ARXIV}2002.09797",
    "Neal 2001": f"{DOI}10.1023/A:1008923215028",
    "Norouzi et al. 2020": f"{ARXIV}2004.04795",
    "Odena et al. 2017": f"{ARXIV}1610.09585",
    "Papamakarios et al. 2017": f"{ARXIV}1705.07057",
    "Ramdas et al. 2017": f"{ARXIV}1509.02237",
    "Rombach et al. 2022": f"{ARXIV}2112.10752",
    "Salimans et al. 2016": f"{ARXIV}1606.03498",
    "Song et al. 2021": f"{ARXIV}2011.13456",
    "Tolstikhin et al. 2018": f"{ARXIV}1711.01558",
    "Tomczak and Welling 2018": f"{ARXIV}1705.07120",
    "White 2016": f"{ARXIV}1609.04468",
    "Wiese et al. 2020": f"{ARXIV}1907.06673",
    "Wu et al. 2017": f"{ARXIV}1611.04273",
    "Zhao et al. 2021": f"{ARXIV}2102.08369",
}
OWN = ("discussion thread", "control of this study")  # no source to look up
METHODS = ("Agarwal et al. 2021", "Efron and Stein 1981", "Holm 1979", "Schuirmann 1987")


def references(sources: Iterable[str]) -> list[tuple[str, str]]:
    """Each source once, in alphabetical order, with its address or an empty text.

    Args:
        sources: as strategies and metrics state them, several in one text set apart by semicolons.
    """
    parts = {part.strip().replace(" & ", " and ") for source in sources for part in source.split(";")}
    parts -= {"", *OWN}
    return [(part, ADDRESSES.get(part, "")) for part in sorted(parts)]
