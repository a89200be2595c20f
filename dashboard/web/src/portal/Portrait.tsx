/** Somebody's picture, in the very colours of their figure in the city. */

import { CLOTHES, HAIR, SKIN } from "../scene/palette.ts";
import { hash } from "../world/motion.ts";

export function Portrait({ id }: { id: string }) {
  const luck = hash(id);
  return (
    <svg className="portrait" viewBox="0 0 40 40" aria-hidden="true">
      <path d="M6 40c0-11 6-16 14-16s14 5 14 16z" fill={CLOTHES[luck % CLOTHES.length]} />
      <circle cx="20" cy="15" r="9" fill={SKIN[(luck >>> 4) % SKIN.length]} />
      <path d="M10 15a10 10 0 0 1 20 0c-3-5-7-6-10-6s-7 1-10 6z" fill={HAIR[(luck >>> 8) % HAIR.length]} />
    </svg>
  );
}
