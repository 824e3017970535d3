"""The site: pages in ``pages``, scripts of the gallery, notebooks, and what is generated from the package.

``make docs`` builds it into ``build/site``. Read `hooks` first (what mkdocs is given besides the pages), then
`examples` (how the code blocks of a page are run), then ``generated`` (commands, API, data, equations, gallery,
notebooks).
"""
