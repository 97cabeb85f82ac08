-- Let the next run settle an hour again.
-- Params:  hour timestamp
insert into reopened_hours (hour)
values (%(hour)s);
