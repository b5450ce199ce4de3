package org.llava4j.model.kernels;

import org.llava4j.model.memory.Scratch;

/** Parallel loop over the tiles of flattened arrays. A kernel copies a tile to the heap, computes and writes it back. */
final class FlatTiles {
    /** Floats of a tile: the tiles of one call fit into the L1 cache. */
    static final int LENGTH = 1024;

    private static final int TILES_PER_TASK = 16;

    private final KernelThreadPool pool;

    FlatTiles(KernelThreadPool pool) {
        this.pool = pool;
    }

    /** Computes one tile. */
    interface Tile {
        void run(Scratch scratch, long from, int floats);
    }

    /** Runs all tiles of {@code length} floats. */
    void forEach(long length, Tile tile) {
        int count = Math.toIntExact((length + LENGTH - 1) / LENGTH);
        pool.parallelFor(count, TILES_PER_TASK, (from, to) -> {
            Scratch s = Scratch.forCurrentThread();
            for (int i = from; i < to; i++) {
                long start = (long) i * LENGTH;
                tile.run(s, start, (int) Math.min(LENGTH, length - start));
            }
        });
    }

    /** Copies a tile into a heap row of the thread. */
    static float[] read(Scratch s, int slot, Matrix x, long from, int n) {
        float[] row = s.row(slot, n);
        s.read(x.flat(from), row, n);
        return row;
    }

    /** @throws IllegalArgumentException if the shapes differ */
    static void requireSameShape(Matrix first, Matrix... others) {
        for (Matrix other : others) {
            other.expect("every argument", first.rows(), first.columns());
        }
    }
}
