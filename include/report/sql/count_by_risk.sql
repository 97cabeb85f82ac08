-- How many readings there are at each risk level.
select
    risk_level,
    count(*) as readings
from heartbeats
group by risk_level;
