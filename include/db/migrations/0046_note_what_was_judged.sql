-- Of some expectations no figure is kept, since it may be a reading of somebody, and of some an absent figure is what
-- they are about: whether an hour was judged is not to be told from the figure.
alter table quality_results add column judged boolean;

comment on column quality_results.judged is
'Whether the hour had something to judge; null where an earlier version did not note it';
comment on column quality_results.observed is
'The figure that was judged; null where there was none, or none may be kept';
