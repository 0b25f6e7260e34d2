"""An app whose command `flush` empties the tables after a test faster than Django's."""
