package org.llava4j.model.kernels;

import static org.nd4j.linalg.indexing.NDArrayIndex.all;
import static org.nd4j.linalg.indexing.NDArrayIndex.interval;

import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.indexing.NDArrayIndex;

/** Reference kernels of the vision tower. */
final class Nd4jVision implements VisionKernels {
    @Override
    public void extractPatches(INDArray pixels, int patchSize, INDArray y) {
        long n = pixels.size(0);
        long c = pixels.size(1);
        long down = pixels.size(2) / patchSize;
        long across = pixels.size(3) / patchSize;
        INDArray whole = pixels.get(all(), all(), interval(0, down * patchSize), interval(0, across * patchSize));
        INDArray cut = whole.dup('c')
                .reshape('c', n, c, down, patchSize, across, patchSize)
                .permute(0, 2, 4, 1, 3, 5);
        y.reshape('c', n, down, across, c, patchSize, patchSize).assign(cut);
    }

    @Override
    public void classAndPositionEmbeddings(INDArray patches, INDArray classEmbedding, INDArray positions, INDArray y) {
        long group = positions.size(0);
        long width = positions.size(1);
        long images = y.size(0) / group;
        INDArray grouped = y.reshape('c', images, group, width);
        INDArray cut = patches.reshape('c', images, group - 1, width);
        for (long i = 0; i < images; i++) {
            INDArray image = grouped.get(NDArrayIndex.point(i), all(), all());
            image.assign(positions);
            image.getRow(0).addi(classEmbedding);
            image.get(interval(1, group), all()).addi(cut.get(NDArrayIndex.point(i), all(), all()));
        }
    }

    @Override
    public void classAndPositionEmbeddingsGrad(INDArray dy, INDArray dClass, INDArray dPositions) {
        long group = dPositions.size(0);
        long width = dPositions.size(1);
        dPositions.assign(dy.reshape('c', dy.size(0) / group, group, width).sum(0));
        dClass.assign(dPositions.getRow(0));
    }

    @Override
    public void dropFirstRows(INDArray x, int group, INDArray y) {
        long width = x.size(1);
        long images = x.size(0) / group;
        y.reshape('c', images, group - 1, width)
                .assign(x.reshape('c', images, group, width).get(all(), interval(1, group), all()));
    }

    @Override
    public void dropFirstRowsGrad(INDArray dy, int group, INDArray dx) {
        long width = dy.size(1);
        long images = dx.size(0) / group;
        dx.assign(0);
        dx.reshape('c', images, group, width)
                .get(all(), interval(1, group), all())
                .assign(dy.reshape('c', images, group - 1, width));
    }
}
