//! Which of many comes next, when one of them changes at a time.

/// A tree of matches in which the one with the least time wins; of equal times the first comes
/// first. Each inner node holds who lost there, so that a change is played once on the way up and
/// needs to look at nobody else (Knuth, The Art of Computer Programming 3, 5.4.1).
#[derive(Debug)]
pub(super) struct Tournament {
    /// The winner, then the losers: the node `n` is played by the winners of `2n` and `2n + 1`.
    nodes: Vec<Entry>,
}

/// Time and place; what has no time any more comes last.
type Entry = (i64, usize);

const NEVER: i64 = i64::MAX;

impl Tournament {
    /// All of them at their first times.
    pub(super) fn new(times: Vec<Option<i64>>) -> Tournament {
        let count = times.len().max(1);
        let leaf = |at: usize| (times.get(at).copied().flatten().unwrap_or(NEVER), at);
        let mut winners = vec![(NEVER, 0); count];
        winners.extend((0..count).map(leaf));
        let mut nodes = vec![(NEVER, 0); count];
        for node in (1..count).rev() {
            let (one, two) = (winners[2 * node], winners[2 * node + 1]);
            winners[node] = one.min(two);
            nodes[node] = one.max(two);
        }
        nodes[0] = winners[1];
        Tournament { nodes }
    }

    /// Who is next. None if nobody is left.
    pub(super) fn winner(&self) -> Option<usize> {
        let (time, place) = self.nodes[0];
        (time != NEVER).then_some(place)
    }

    /// Gives the winner another time, or none.
    pub(super) fn replace(&mut self, winner: usize, time: Option<i64>) {
        let mut entry = (time.unwrap_or(NEVER), winner);
        let mut node = (winner + self.nodes.len()) / 2;
        while node > 0 {
            let other = self.nodes[node];
            let loses = other < entry;
            self.nodes[node] = if loses { entry } else { other };
            entry = if loses { other } else { entry };
            node /= 2;
        }
        self.nodes[0] = entry;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_comes_out_is_everything_in_order(
            lanes in proptest::collection::vec(proptest::collection::vec(0..50_i64, 0..20), 1..9),
        ) {
            let mut lanes = lanes;
            lanes.iter_mut().for_each(|lane| lane.sort_unstable());
            let all = lanes.iter().enumerate();
            let mut expected: Vec<(i64, usize)> =
                all.flat_map(|(place, lane)| lane.iter().map(move |&time| (time, place))).collect();
            expected.sort_unstable();
            let mut lanes: Vec<_> = lanes.into_iter().map(Vec::into_iter).collect();
            let mut heads: Vec<Option<i64>> = lanes.iter_mut().map(Iterator::next).collect();
            let mut tree = Tournament::new(heads.clone());
            let mut given = Vec::new();
            while let Some(place) = tree.winner() {
                given.push((heads[place].unwrap(), place));
                heads[place] = lanes[place].next();
                tree.replace(place, heads[place]);
            }
            prop_assert_eq!(given, expected);
        }
    }
}
