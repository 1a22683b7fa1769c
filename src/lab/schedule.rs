//! The order in which processes are measured: forth through all cells, then back, so that whatever
//! drifts on the machine (heat, a neighbour, a cache) meets all of them alike.

/// Each round's number and the cell to measure: `A B … B A, A B …`.
pub fn abba(cells: usize, rounds: u32) -> impl Iterator<Item = (u32, usize)> {
    (0..rounds).flat_map(move |round| {
        (0..cells).map(move |place| (round, if round % 2 == 0 { place } else { cells - 1 - place }))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounds_go_forth_and_back() {
        let order: Vec<_> = abba(3, 3).map(|(_, cell)| cell).collect();
        assert_eq!(order, [0, 1, 2, 2, 1, 0, 0, 1, 2]);
        assert!(abba(2, 2).map(|(round, _)| round).eq([0, 0, 1, 1]));
    }
}
