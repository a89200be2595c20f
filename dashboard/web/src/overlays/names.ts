/** What can be laid over the town. */

export const OVERLAYS = ["crowding", "wealth", "mood", "price", "news"] as const;
export type OverlayName = (typeof OVERLAYS)[number];
