/** What every page about one resident is given. */

import type { HostedResident } from "../../api/types.ts";

export interface Of {
  one: HostedResident;
  /** have it told anew */
  again: () => void;
}
