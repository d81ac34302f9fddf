-- As reserve_batch: index look-ups, however small the tables were when a plan was made. A connection
-- keeps its plans, and one that reads a table whole grows slower with every reservation.
alter function reserve(
  integer, integer, integer, integer, text, text, text, text, text
) set enable_seqscan = off;
