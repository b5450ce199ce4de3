package org.llava4j.model.kernels;

/** Split of a matrix product into blocks of its result, which the thread pool computes. */
final class ProductBlocks {
    /** Rows (or columns) of a block below which a second block per thread costs more than it balances. */
    private static final int MIN_BLOCK = 128;
    /** If every thread has one block, its rows (or columns) are a multiple of this. */
    private static final int BLOCK_MULTIPLE = 16;
    /** Blocks per thread for large results: with two, a thread can take over from a delayed one. */
    private static final int BLOCKS_PER_THREAD = 2;
    /** Multiplications below which waking another thread does not pay off. */
    private static final long MIN_PARALLEL_WORK = 1 << 18;

    private ProductBlocks() {}

    /** Computes one block of a product's result. */
    interface Block {
        void run(int row, int rowEnd, int column, int columnEnd);
    }

    /**
     * Splits a result of [rows, columns], each entry a sum of {@code depth} products, along its longer side into blocks
     * and runs them in parallel.
     */
    static void run(KernelThreadPool pool, int rows, int columns, int depth, Block block) {
        boolean alongRows = rows >= columns;
        int longer = Math.max(rows, columns);
        int grain = longer;
        if ((long) rows * columns * depth > MIN_PARALLEL_WORK && pool.threads() > 1) {
            int blocks = pool.threads() * BLOCKS_PER_THREAD;
            grain = (longer + blocks - 1) / blocks;
            if (grain < MIN_BLOCK) {
                int perThread = (longer + pool.threads() - 1) / pool.threads();
                grain = Math.max(BLOCK_MULTIPLE, (perThread + BLOCK_MULTIPLE - 1) / BLOCK_MULTIPLE * BLOCK_MULTIPLE);
            }
        }
        pool.parallelFor(longer, grain, (from, to) -> {
            if (alongRows) {
                block.run(from, to, 0, columns);
            } else {
                block.run(0, rows, from, to);
            }
        });
    }
}
