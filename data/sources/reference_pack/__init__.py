"""A feed that brings a reference pack: used only where no pack of that kind is installed in the warehouse.

Its file has the columns of the pack (``data.reference.packs``); it is checked exactly like an installed one.
"""
