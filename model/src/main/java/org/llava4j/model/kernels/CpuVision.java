package org.llava4j.model.kernels;

import static org.llava4j.model.kernels.Matrix.of;

import org.llava4j.model.memory.Scratch;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Kernels of the CLIP vision tower: patch extraction, class and position embeddings, dropping the class token. */
final class CpuVision implements VisionKernels {
    private final RowMath math;
    private final KernelThreadPool pool;
    private final VisionKernels fallback;

    CpuVision(MathBackend backend, KernelThreadPool pool, VisionKernels fallback) {
        this.math = backend.rows();
        this.pool = pool;
        this.fallback = fallback;
    }

    @Override
    public void extractPatches(INDArray pixels, int patchSize, INDArray y) {
        if (Matrix.allReadable(pixels, y)) {
            extractPatches(pixels, patchSize, of(y));
        } else {
            fallback.extractPatches(pixels, patchSize, y);
        }
    }

    private void extractPatches(INDArray pixelArray, int p, Matrix y) {
        Matrix pixels = Matrix.of(pixelArray);
        int channels = Math.toIntExact(pixelArray.size(1));
        int height = Math.toIntExact(pixelArray.size(2));
        int width = Math.toIntExact(pixelArray.size(3));
        int down = height / p;
        int across = width / p;
        int length = channels * p * p;
        y.expect("y", (long) pixels.rows() * down * across, length);
        // One task is a row of patches. Its pixel rows are read in order and distributed to the patches.
        pool.parallelFor(pixels.rows() * down, 1, (from, to) -> {
            Scratch s = Scratch.forCurrentThread();
            float[] line = s.row(0, width);
            float[] patchRows = s.row(1, across * length);
            for (int i = from; i < to; i++) {
                for (int c = 0; c < channels; c++) {
                    for (int dy = 0; dy < p; dy++) {
                        long position = ((long) c * height + (long) (i % down) * p + dy) * width;
                        s.read(pixels.at(i / down, position), line, width);
                        for (int patch = 0; patch < across; patch++) {
                            System.arraycopy(line, patch * p, patchRows, patch * length + (c * p + dy) * p, p);
                        }
                    }
                }
                s.write(patchRows, y.row((long) i * across), across * length);
            }
        });
    }

    @Override
    public void classAndPositionEmbeddings(INDArray patches, INDArray classVector, INDArray positions, INDArray y) {
        if (Matrix.allReadable(patches, classVector, positions, y)) {
            classAndPositionEmbeddings(of(patches), of(classVector), of(positions), of(y));
        } else {
            fallback.classAndPositionEmbeddings(patches, classVector, positions, y);
        }
    }

    private void classAndPositionEmbeddings(Matrix patches, Matrix classVector, Matrix positions, Matrix y) {
        int group = positions.rows();
        int d = positions.columns();
        int images = y.rows() / group;
        patches.expect("patches", (long) images * (group - 1), d);
        classVector.expect("class vector", 1, d);
        y.expect("y", (long) images * group, d);
        pool.parallelFor(group, 16, (from, to) -> {
            Scratch s = Scratch.forCurrentThread();
            float[] position = s.row(0, d);
            float[] row = s.row(1, d);
            for (int g = from; g < to; g++) {
                s.read(positions.row(g), position, d);
                for (int image = 0; image < images; image++) {
                    s.read(g == 0 ? classVector.address() : patches.row((long) image * (group - 1) + g - 1), row, d);
                    math.add(position, row, d);
                    s.write(row, y.row((long) image * group + g), d);
                }
            }
        });
    }

    @Override
    public void classAndPositionEmbeddingsGrad(INDArray dy, INDArray dClass, INDArray dPositions) {
        if (Matrix.allReadable(dy, dClass, dPositions)) {
            classAndPositionEmbeddingsGrad(of(dy), of(dClass), of(dPositions));
        } else {
            fallback.classAndPositionEmbeddingsGrad(dy, dClass, dPositions);
        }
    }

    private void classAndPositionEmbeddingsGrad(Matrix dy, Matrix dClass, Matrix dPositions) {
        int group = dPositions.rows();
        int d = dPositions.columns();
        int images = dy.rows() / group;
        dy.expect("dy", (long) images * group, d);
        dClass.expect("dClass", 1, d);
        pool.parallelFor(group, 16, (from, to) -> {
            Scratch s = Scratch.forCurrentThread();
            float[] sum = s.row(0, d);
            float[] row = s.row(1, d);
            for (int g = from; g < to; g++) {
                s.read(dy.row(g), sum, d);
                for (int image = 1; image < images; image++) {
                    s.read(dy.row((long) image * group + g), row, d);
                    math.add(row, sum, d);
                }
                s.write(sum, dPositions.row(g), d);
                if (g == 0) {
                    s.write(sum, dClass.address(), d);
                }
            }
        });
    }

    @Override
    public void dropFirstRows(INDArray x, int group, INDArray y) {
        if (Matrix.allReadable(x, y)) {
            dropFirstRows(of(x), group, of(y));
        } else {
            fallback.dropFirstRows(x, group, y);
        }
    }

    private void dropFirstRows(Matrix x, int group, Matrix y) {
        int d = x.columns();
        int groups = x.rows() / group;
        x.expect("x", (long) groups * group, d);
        y.expect("y", (long) groups * (group - 1), d);
        pool.parallelFor(groups, 1, (from, to) -> {
            for (int i = from; i < to; i++) {
                long rest = (long) i * (group - 1);
                Scratch.forCurrentThread().copy(x.row((long) i * group + 1), y.row(rest), (long) (group - 1) * d);
            }
        });
    }

    @Override
    public void dropFirstRowsGrad(INDArray dy, int group, INDArray dx) {
        if (Matrix.allReadable(dy, dx)) {
            dropFirstRowsGrad(of(dy), group, of(dx));
        } else {
            fallback.dropFirstRowsGrad(dy, group, dx);
        }
    }

    private void dropFirstRowsGrad(Matrix dy, int group, Matrix dx) {
        int d = dx.columns();
        int groups = dx.rows() / group;
        dx.expect("dx", (long) groups * group, d);
        dy.expect("dy", (long) groups * (group - 1), d);
        pool.parallelFor(groups, 1, (from, to) -> {
            Scratch s = Scratch.forCurrentThread();
            for (int i = from; i < to; i++) {
                s.zero(dx.row((long) i * group), d);
                s.copy(dy.row((long) i * (group - 1)), dx.row((long) i * group + 1), (long) (group - 1) * d);
            }
        });
    }
}
