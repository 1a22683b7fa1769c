//! The simulation against the corner cases of cargo's feature resolver, on hand-made metadata.
