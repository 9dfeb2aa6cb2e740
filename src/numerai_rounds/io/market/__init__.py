"""The synthetic market behind the `sample` source.

Every number is made with integers alone, from draws that depend on nothing but the seed, a purpose and
an era: the same bytes on every machine, and any era can be made without the others.
"""
