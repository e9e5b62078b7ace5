"""A million pictures for `library.py`: what is in them, and how they get into Postgres within two minutes.

Every picture has words of a few languages. How often one comes is known, so that a search can be chosen by it.
"""

from bench.site import Site

FIRST = 910_000_000
"""The business with a fifth of all pictures; the others have a hundredth of the rest each."""
OTHERS = 100

COMMON, MEDIUM, RARE, ONCE = "summer", "harbour", "kingfisher", "zephyrine"
"""In every second picture, in one of 40, in one of 4,000, and in a single old one."""
BYGONE, SIGN = "sepia", "~"
"""In every picture but the 8,000 newest of the first business; the other one has no trigram."""
CYRILLIC, JAPANESE, ARABIC = "МОРЕ", "写真館", "غروب الشمس"
"""In one of 50, of 100 and of 200 pictures. The first is searched in capitals, written in small letters."""

_ROWS = """
    insert into images (id, business_id, source, filename, public_id, url, format, bytes, width, height, sha256,
                        alt_text, searchable, created_at, deleted_at)
    select id, business_id, source, filename, 'bench/' || n,
           'http://127.0.0.1:1/sandbox/image/upload/v1/bench/' || n || '.jpg', 'jpeg', 1000000 + n, 1920, 1440,
           md5(n::text) || md5((n + 1)::text), alt, filename || E'\\n' || alt,
           '2026-01-01'::timestamptz + n * interval '20 seconds', case when n % 97 = 0 then now() end
    from (
        select n, gen_random_uuid() as id,
            case when n % 5 = 0 then {first} else {first} + 1 + n % {others} end as business_id,
            case when n % 3 = 0 then 'ai_generated' else 'uploaded' end as source,
            'img_' || n || '.jpg' as filename,
            concat_ws(' ',
                (array['red','blue','green','white','quiet','old','busy'])[1 + k % 7],
                (array[
                    'street','market','garden','window','bridge','coffee','table','cat','dog','road','sea'
                ])[1 + k % 11],
                case when k % 2 = 0 then 'summer' else 'winter' end,
                case when k % 40 = 3 then 'harbour' end,
                case when k % 4000 = 7 then 'kingfisher' end,
                case when k = 1009 then 'zephyrine' end,
                case when k < {old} then 'sepia ~' end,
                case when k % 50 = 9 then 'тихое море' end,
                case when k % 100 = 11 then '旅の写真館' end,
                case when k % 200 = 13 then 'غروب الشمس' end,
                (array['at noon','before the rain','with friends','for the menu','in the old town'])[1 + k % 5]) as alt
        from (select n, n / 5 as k from generate_series($1::int, $2::int) n) numbered) made"""
_STEP = 100_000
_INDEXES = "select indexname, indexdef from pg_indexes where tablename = 'images' and indexdef not like '%UNIQUE%'"


def build(site: Site, rows: int = 1_000_000) -> None:
    """Fills `images`. Its plain indexes are made anew after the rows, which takes a third of the time."""
    indexes = site.sql(_INDEXES)
    for index in indexes:
        site.sql(f"drop index {index['indexname']}")
    for begin in range(1, rows + 1, _STEP):
        site.sql(_ROWS.format(first=FIRST, others=OTHERS, old=rows // 5 - 8000), begin, min(rows, begin + _STEP - 1))
    for index in indexes:
        site.sql(index["indexdef"])
    site.sql("vacuum (analyze) images")


def forget(site: Site) -> None:
    """Takes them all away."""
    site.sql("truncate images cascade")
