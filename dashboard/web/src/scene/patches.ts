/** One mesh of many pieces, of which only those in sight are drawn, in one call. Where every corner is computed by hand, that is most of the work. */

import { DynamicDrawUsage, type BufferAttribute, type Frustum, type Mesh, type Sphere } from "three";

/** A stretch of a mesh's index, and the room that it takes. */
export interface Piece {
  first: number;
  count: number;
  room: Sphere;
}

export class Patches {
  readonly mesh: Mesh;
  private readonly pieces: readonly Piece[];
  private readonly index: BufferAttribute;
  /** every piece's corners, in the order in which they are drawn */
  private readonly all: Uint16Array | Uint32Array;
  private readonly shown: Uint8Array;

  constructor(mesh: Mesh, pieces: readonly Piece[]) {
    this.mesh = mesh;
    this.pieces = pieces;
    if (mesh.geometry.index === null) throw new RangeError("a mesh without an index has no pieces");
    this.index = mesh.geometry.index.setUsage(DynamicDrawUsage);
    this.all = this.index.array.slice() as Uint16Array | Uint32Array;
    this.shown = new Uint8Array(pieces.length).fill(1);
    mesh.frustumCulled = false;
  }

  /** Draw what is in sight, and nothing else, until the next call. */
  show(sight: Frustum): void {
    let changed = false;
    for (let i = 0; i < this.pieces.length; i++) {
      const now = sight.intersectsSphere(this.pieces[i]!.room) ? 1 : 0;
      if (now !== this.shown[i]) changed = true;
      this.shown[i] = now;
    }
    if (!changed) return;
    const into = this.index.array as Uint16Array | Uint32Array;
    let count = 0;
    for (let i = 0; i < this.pieces.length; i++) {
      if (this.shown[i] === 0) continue;
      const { first } = this.pieces[i]!;
      // Neighbours go together.
      while (this.shown[i + 1] === 1) i++;
      const end = this.pieces[i]!.first + this.pieces[i]!.count;
      into.set(this.all.subarray(first, end), count);
      count += end - first;
    }
    this.mesh.geometry.setDrawRange(0, count);
    this.index.clearUpdateRanges();
    this.index.addUpdateRange(0, count);
    this.index.needsUpdate = true;
  }
}
