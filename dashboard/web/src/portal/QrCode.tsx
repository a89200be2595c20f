/** A text as a QR code, for the camera of a phone. */

import { encode } from "uqr";
import { pathOf } from "./squares.ts";

/** Light around it, as ISO/IEC 18004 wants, in modules. */
const MARGIN = 4;

export default function QrCode({ of, label }: { of: string; label: string }) {
  const { data, size } = encode(of, { ecc: "M", border: MARGIN });
  // Dark on light in the dark, too: not every camera reads one that is inverted.
  return (
    <svg className="qr" role="img" aria-label={label} viewBox={`0 0 ${size} ${size}`} shapeRendering="crispEdges">
      <path fill="#fff" d={`M0 0h${size}v${size}h-${size}z`} />
      <path fill="#000" d={pathOf(data)} />
    </svg>
  );
}
