"""Sphinx configuration: `python -m sphinx -W --keep-going -n -b html docs docs/_build/html`.

Nothing is fetched while building, and the built pages load nothing from elsewhere: formulas become MathML, which every
browser draws by itself, and the theme brings its own fonts. So there is no intersphinx either.
"""

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE / "_ext"))
sys.path.insert(0, str(HERE.parent))

import qtraj  # noqa: E402

project = "qtraj"
author = "the qtraj developers"
copyright = "the qtraj developers, BSD 3-clause licence"
release = version = qtraj.__version__

extensions = [
    "myst_nb",  # Markdown and notebooks
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinxcontrib.bibtex",
    "sphinx_gallery.gen_gallery",
    # Ours, in `_ext`.
    "mathml",
    "citations",
    "formula_scripts",
    "pages_from_code",
    "room_pages",
    "single_backticks",
    "complete_inventory",
]
exclude_patterns = ["_build", "_ext", "gallery/*.ipynb", "gallery/*.py", "gallery/*.zip", "gallery/*.json"]
templates_path: list[str] = []
nitpicky = True

# References to what others document (NumPy's arrays, the types of Python) cannot be looked up without a network.
nitpick_ignore_regex = [(r"py:.*", r"(?!qtraj\.).*")]

# -- pages in Markdown, and notebooks -----------------------------------------------------------------------------
source_suffix = {".md": "myst-nb", ".ipynb": "myst-nb", ".rst": "restructuredtext"}
myst_enable_extensions = ["html_image"]
myst_heading_anchors = 3
myst_fence_as_directive = ["math"]  # as other readers of Markdown set them, so that both show a formula
# Notebooks are stored without results and run at every build; one that raises fails it.
nb_execution_mode = "force"
nb_execution_raise_on_error = True
nb_execution_in_temp = True
nb_execution_timeout = 300  # seconds a cell; a kernel of numba may have to be compiled first
nb_merge_streams = True

# -- docstrings ---------------------------------------------------------------------------------------------------
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
# Otherwise what they stand for is written out, which is half a page for `ArrayLike`.
autodoc_type_aliases = {
    name: name for name in ("ArrayLike", "BoolArray", "ComplexArray", "FloatArray", "IntArray", "SparseMatrix")
}
napoleon_numpy_docstring = False
# Attributes are listed in the class and not one by one: they would be described twice.
napoleon_use_ivar = True
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 88
toc_object_entries_show_parents = "hide"

# -- formulas and sources -----------------------------------------------------------------------------------------
html_math_renderer = "mathml"
bibtex_bibfiles = ["references.bib"]
bibtex_default_style = "by_key"

# -- gallery ------------------------------------------------------------------------------------------------------
sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "gallery",
    "filename_pattern": r"\.py$",
    "ignore_pattern": r"local_or_global\.py$",  # a program with options; its page is local_and_global.md
    "image_scrapers": ("gallery_figures.figures_of_a_block",),
    "reset_modules": (),
    "within_subsection_order": "FileNameSortKey",
    "download_all_examples": False,
    "remove_config_comments": True,
    "show_memory": False,
    "show_signature": False,
    "min_reported_time": 600,  # seconds: the scripts take one or two, and how long says nothing about them
    "write_computation_times": False,  # these pages would load scripts from elsewhere, and say what nobody asks
    "abort_on_example_error": True,
    "capture_repr": (),
}

# -- look ---------------------------------------------------------------------------------------------------------
html_theme = "furo"
html_title = f"qtraj {release}"
html_static_path = ["_static"]
html_css_files = ["qtraj.css"]
html_show_sourcelink = False
html_copy_source = False
