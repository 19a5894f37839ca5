//! The search for an order that explains simultaneous answers (Wing and Gong, with a memory of dead ends).
//!
//! Operations that overlapped are linearizable if they could have happened one after the other, in some order, with the
//! very answers that came. The search tries orders depth first. What can still be explained depends only on which
//! operations are left and on the state, so a pair that led nowhere once is never tried again; operations that are equal,
//! answer included, are one class, and are never tried in each other's place.

use std::collections::BTreeMap;

/// What an operation with its answer does to a state.
pub trait Model {
    /// What operations change.
    type State: Clone + PartialEq;
    /// An operation with the answer that it got.
    type Operation: PartialEq;

    /// Returns the state after an operation; none: in this state it does not get its answer.
    fn after(&self, state: &Self::State, operation: &Self::Operation) -> Option<Self::State>;

    /// Returns whether what was seen when all had happened fits a state.
    fn fits(&self, state: &Self::State) -> bool;
}

/// Equal operations, and how many there are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Class<O> {
    /// The operation.
    pub operation: O,
    /// How often it happened.
    pub count: usize,
}

/// What a search found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SearchResult {
    /// This order, by class, explains everything.
    Order(Vec<usize>),
    /// No order explains the answers themselves.
    NoOrder,
    /// Some order explains the answers, and none what was seen afterwards.
    NoOrderWithAftermath,
    /// The search grew beyond its limit.
    Undecided,
}

/// Puts equal operations together, in the order of their first.
pub fn classes<O: PartialEq>(operations: impl IntoIterator<Item = O>) -> Vec<Class<O>> {
    let mut classes: Vec<Class<O>> = Vec::new();
    for operation in operations {
        match classes
            .iter_mut()
            .find(|known| known.operation == operation)
        {
            Some(known) => known.count += 1,
            None => classes.push(Class {
                operation,
                count: 1,
            }),
        }
    }
    classes
}

/// Looks for an order; `limit` bounds the number of operations that are tried.
pub fn search<M: Model>(
    model: &M,
    start: &M::State,
    classes: &[Class<M::Operation>],
    limit: usize,
) -> SearchResult {
    let mut search = OrderSearch {
        model,
        classes,
        left: classes.iter().map(|class| class.count).collect(),
        order: Vec::new(),
        dead: BTreeMap::new(),
        tried: 0,
        limit,
        explained: false,
    };
    match search.from(start) {
        Some(true) => SearchResult::Order(search.order),
        Some(false) if search.explained => SearchResult::NoOrderWithAftermath,
        Some(false) => SearchResult::NoOrder,
        None => SearchResult::Undecided,
    }
}

struct OrderSearch<'a, M: Model> {
    model: &'a M,
    classes: &'a [Class<M::Operation>],
    /// How many of each class are left.
    left: Vec<usize>,
    order: Vec<usize>,
    /// The states that led nowhere, by what was left.
    dead: BTreeMap<Vec<usize>, Vec<M::State>>,
    tried: usize,
    limit: usize,
    /// All answers were explained at least once.
    explained: bool,
}

impl<M: Model> OrderSearch<'_, M> {
    /// Returns whether what is left can be explained from a state; none: the limit was reached.
    fn from(&mut self, state: &M::State) -> Option<bool> {
        if self.left.iter().all(|count| *count == 0) {
            self.explained = true;
            return Some(self.model.fits(state));
        }
        let dead = self.dead.get(&self.left);
        if dead.is_some_and(|states| states.contains(state)) {
            return Some(false);
        }
        for index in 0..self.classes.len() {
            if self.left[index] == 0 {
                continue;
            }
            if self.tried == self.limit {
                return None;
            }
            self.tried += 1;
            let operation = &self.classes[index].operation;
            let Some(next) = self.model.after(state, operation) else {
                continue;
            };
            self.left[index] -= 1;
            self.order.push(index);
            if self.from(&next)? {
                return Some(true);
            }
            self.order.pop();
            self.left[index] += 1;
        }
        let states = self.dead.entry(self.left.clone()).or_default();
        states.push(state.clone());
        Some(false)
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    /// A register that is read and written; afterwards it holds what is said here, if anything.
    struct Register {
        finally: Option<u8>,
        tried: Cell<usize>,
    }

    #[derive(Debug, Clone, Copy, PartialEq)]
    enum Does {
        Write(u8),
        Read(u8),
        /// Takes the value away; tells whether there was one.
        Take(bool),
    }

    impl Model for Register {
        type State = Option<u8>;
        type Operation = Does;

        fn after(&self, state: &Option<u8>, operation: &Does) -> Option<Option<u8>> {
            self.tried.set(self.tried.get() + 1);
            match operation {
                Does::Write(value) => Some(Some(*value)),
                Does::Read(value) => (*state == Some(*value)).then_some(*state),
                Does::Take(found) => (state.is_some() == *found).then_some(None),
            }
        }

        fn fits(&self, state: &Option<u8>) -> bool {
            self.finally.is_none() || *state == self.finally
        }
    }

    fn register(finally: Option<u8>) -> Register {
        Register {
            finally,
            tried: Cell::new(0),
        }
    }

    fn found(start: Option<u8>, operations: &[Does], finally: Option<u8>) -> SearchResult {
        let classes = classes(operations.iter().copied());
        search(&register(finally), &start, &classes, 1000)
    }

    #[test]
    fn an_order_is_found_where_there_is_one() {
        let operations = [Does::Read(2), Does::Write(1), Does::Read(1), Does::Write(2)];
        let SearchResult::Order(order) = found(None, &operations, Some(2)) else {
            panic!("there is an order");
        };
        let mut state = None;
        for index in order {
            state = register(None)
                .after(&state, &operations[index])
                .expect("each answer is explained");
        }
        assert_eq!(state, Some(2));
    }

    #[test]
    fn two_who_both_took_the_one_thing_have_no_order() {
        let operations = [Does::Take(true), Does::Take(true), Does::Take(false)];
        assert_eq!(found(Some(1), &operations, None), SearchResult::NoOrder);
        assert!(matches!(
            found(Some(1), &operations[1..], None),
            SearchResult::Order(_)
        ));
    }

    #[test]
    fn what_was_seen_afterwards_counts_too() {
        let operations = [Does::Write(1), Does::Write(2)];
        assert!(matches!(
            found(None, &operations, Some(1)),
            SearchResult::Order(_)
        ));
        assert_eq!(
            found(None, &operations, Some(3)),
            SearchResult::NoOrderWithAftermath
        );
    }

    #[test]
    fn equal_operations_are_one_class() {
        let mut operations = vec![Does::Take(false); 30];
        operations.insert(7, Does::Take(true));
        let classes = classes(operations);
        assert_eq!(classes.len(), 2);
        assert_eq!(classes[0].count, 30);
        let model = register(None);
        let verdict = search(&model, &Some(1), &classes, 1000);
        assert!(matches!(verdict, SearchResult::Order(order) if order.len() == 31));
        assert!(model.tried.get() < 100, "{}", model.tried.get());
    }

    #[test]
    fn dead_ends_are_remembered_so_that_the_search_does_not_grow_with_the_orders() {
        // Ten writes have 10! orders, and none of them ends with a value that nobody wrote.
        let operations: Vec<Does> = (0..10).map(Does::Write).collect();
        let classes = classes(operations);
        let model = register(Some(99));
        let verdict = search(&model, &None, &classes, 100_000);
        assert_eq!(verdict, SearchResult::NoOrderWithAftermath);
        // What is left and the last value: at most 2^10 sets of 10 values, each tried with at most 10 operations.
        assert!(model.tried.get() <= 102_400, "{}", model.tried.get());
    }

    #[test]
    fn a_search_beyond_its_limit_decides_nothing() {
        let operations: Vec<Does> = (0..10).map(Does::Write).collect();
        let classes = classes(operations);
        let verdict = search(&register(Some(99)), &None, &classes, 100);
        assert_eq!(verdict, SearchResult::Undecided);
    }
}
