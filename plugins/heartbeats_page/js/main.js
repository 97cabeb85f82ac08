// Put the page together: each look is handed to every part of it.

import { renderAlarmCounts, startAlarms } from "./alarms.js";
import { follow, setBands, startCustomer } from "./customer.js";
import { byId } from "./dom.js";
import { startFeed } from "./feed.js";
import { renderFlow } from "./flow.js";
import { renderHours } from "./hours.js";
import { renderLimits } from "./limits.js";
import { startLinks } from "./links.js";
import { renderPeople } from "./people.js";
import { renderPipeline, startPipeline } from "./pipeline.js";
import { startTheme } from "./theme.js";

startTheme();
startLinks();
startCustomer();
startPipeline();
startAlarms((customer) => {
  follow(customer);
  byId("customer-title").scrollIntoView();
});
startFeed((look) => {
  setBands(look);
  renderLimits(look.limits);
  renderAlarmCounts(look);
  renderFlow(look);
  renderPeople(look, follow);
  renderPipeline(look);
  renderHours(look);
  if (!performance.getEntriesByName("first-look").length) performance.mark("first-look");
});
