// Sets the input size of a TFLite file. It is a FlatBuffer: each table has a list of field offsets.
// https://github.com/tensorflow/tensorflow/blob/master/tensorflow/compiler/mlir/lite/schema/schema.fbs

const SUBGRAPHS = 2; // this and the next five: field numbers in Model, SubGraph and Tensor
const TENSORS = 0;
const INPUTS = 1;
const OUTPUTS = 2;
const SHAPE = 0;
const SHAPE_SIGNATURE = 7; // the shape with -1 for variable sizes
export const HINTS = 3; // channels of hints: a, b, mask
export const AB = 2; // channels of colors
export const CLASSES = 258; // channels of the color class probabilities
export const CELL = 4; // pixels per side of the squares that these probabilities describe
const MAGIC = 0x334c4654; // "TFL3"

/**
 * Gives a network with variable input sizes a fixed size.
 *
 * LiteRT.js only runs networks of fixed size. It infers the sizes of inner tensors from the inputs
 * when it loads a network, so only the shapes of inputs and outputs are written.
 *
 * @param network - a TFLite file that turns l (1, h, w, 1), and hints (1, h, w, 3) if it takes
 *   them, into ab (1, h, w, 2), and perhaps probabilities (1, h / 4, w / 4, 258) too.
 * @returns a copy of the file, for inputs of `height` x `width`, and the numbers of channels of its
 *   inputs and outputs.
 * @throws Error if the file is no such network, or takes one size only.
 */
export function sized(
  network: Uint8Array,
  height: number,
  width: number,
): { bytes: Uint8Array; inputs: number[]; outputs: number[] } {
  const copy = new Uint8Array(network);
  const view = new DataView(copy.buffer);
  if (copy.length < 8 || view.getUint32(4, true) !== MAGIC) throw new Error("is not a TFLite file");
  const graph = item(view, field(view, follow(view, 0), SUBGRAPHS), 0);
  const tensors = field(view, graph, TENSORS);
  const [inputs, outputs] = [INPUTS, OUTPUTS].map((list) => {
    const indices = field(view, graph, list);
    return Array.from({ length: entry(view, indices, -1) }, (_, at) =>
      resize(view, item(view, tensors, entry(view, indices, at)), height, width),
    );
  });
  const [taken, given] = [inputs, outputs].map((each) => each.toSorted().join());
  if (!["1", "1,3"].includes(taken) || !["2", "2,258"].includes(given)) {
    throw new Error("does not turn l (1, h, w, 1) into ab (1, h, w, 2)");
  }
  return { bytes: copy, inputs, outputs };
}

/** Writes the size of an input or output into its tensor; returns its number of channels. */
function resize(view: DataView, tensor: number, height: number, width: number): number {
  const shape = field(view, tensor, SHAPE);
  if (!shape || entry(view, shape, -1) !== 4) return 0;
  const channels = entry(view, shape, 3);
  const signature = field(view, tensor, SHAPE_SIGNATURE);
  if (!signature || entry(view, signature, 1) !== -1 || entry(view, signature, 2) !== -1) {
    throw new Error("takes one size only; export the network for every size");
  }
  const cell = channels === CLASSES ? CELL : 1;
  for (const sizes of [shape, signature]) {
    [1, height / cell, width / cell].forEach((side, at) =>
      view.setInt32(sizes + 4 + 4 * at, side, true),
    );
  }
  return channels;
}

/** Entry `index` of a vector of int32; entry -1 is its length. */
function entry(view: DataView, vector: number, index: number): number {
  return view.getInt32(vector + 4 + 4 * index, true);
}

function follow(view: DataView, at: number): number {
  return at + view.getUint32(at, true);
}

/** The position of a field's vector or table; 0 if the table has no such field. */
function field(view: DataView, table: number, number: number): number {
  const offsets = table - view.getInt32(table, true);
  const at = 4 + 2 * number;
  const offset = at < view.getUint16(offsets, true) ? view.getUint16(offsets + at, true) : 0;
  return offset && follow(view, table + offset);
}

function item(view: DataView, vector: number, index: number): number {
  return follow(view, vector + 4 + 4 * index);
}
