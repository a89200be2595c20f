/** A link to what is seen now. */

import { useState } from "react";
import { useParts, useText } from "../store/context.ts";
import { writeMoment } from "../store/moment.ts";

const SAID_MS = 12_000;

/** The address of the present moment, camera and all. */
function addressOf({ store, camera, source }: ReturnType<typeof useParts>): string {
  const { overview, chosen, following, overlay, view, quality, language } = store.get();
  const moment = { run: overview?.run ?? null, tick: store.world.tick(), pose: camera.pose(), chosen, following, overlay, view, quality, language };
  const base = source.recorded ? location.href.split(/[?#]/)[0]! : new URL("/moment", location.href).href;
  return `${base}${source.recorded ? "#" : "?"}${writeMoment(moment)}`;
}

export function Share() {
  const parts = useParts();
  const t = useText();
  const [link, setLink] = useState<string | null>(null);
  const [copied, setCopied] = useState(false);
  const share = async (): Promise<void> => {
    const address = addressOf(parts);
    setLink(address);
    setCopied(false);
    try {
      await navigator.clipboard.writeText(address);
    } catch {
      // Without HTTPS a browser may have no clipboard; the field below shows the link to be copied by hand.
      return;
    }
    setCopied(true);
    setTimeout(() => setLink((shown) => (shown === address ? null : shown)), SAID_MS);
  };
  return (
    <div className="share">
      <button type="button" className="primary" onClick={() => void share()}>{t("time.share")}</button>
      {link !== null && (
        <div className="shared" role="status">
          {copied && <p>{t("time.shared")}</p>}
          <label>{t("time.link")} <input readOnly value={link} onFocus={(event) => event.target.select()} /></label>
          {!parts.source.recorded && <img src={`/api/v1/preview.png?${link.split("?")[1] ?? ""}`} alt={t("time.picture")} width={240} height={126} />}
          <button type="button" onClick={() => setLink(null)}>{t("close")}</button>
        </div>
      )}
    </div>
  );
}
