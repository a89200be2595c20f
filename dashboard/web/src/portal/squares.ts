/** Dark squares of a picture as one path of SVG. */

/** A path over the dark squares; those side by side are one rectangle. */
export function pathOf(rows: readonly (readonly boolean[])[]): string {
  let path = "";
  for (const [y, row] of rows.entries()) {
    for (let x = 0; x < row.length; x++) {
      if (row[x] !== true) continue;
      let width = 1;
      while (row[x + width] === true) width++;
      path += `M${x} ${y}h${width}v1h-${width}z`;
      x += width;
    }
  }
  return path;
}
