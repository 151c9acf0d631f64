//! File notifications, and polling where there are none.
//!
//! Uses none of our rooms. What surprises: an event is only a hint; the reader reads to the end
//! whatever it says.
