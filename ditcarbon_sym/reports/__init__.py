"""How an answer looks: titles, rows, sentences, documents, figures. The only room that rounds.

Read `formats` first: numbers, tables and files as text. Then `estimate`, on which others build. Each other file is the
report of one answer, and calls the same things by the same names (``title``, ``header``, ``rows``, ``as_dict``):
`count`, `catalog`, `equations`, `calibration`, `validation`, `sensitivity`, `intervals`, `inversion`, `comparison`,
`sweep`. `document` writes blocks as HTML, Markdown or LaTeX. `figures` draws.
"""
