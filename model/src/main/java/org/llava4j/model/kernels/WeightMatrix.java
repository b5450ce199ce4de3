package org.llava4j.model.kernels;

/** Matrix {@code [rows, columns]} in one of the storage types of weights. */
interface WeightMatrix {
    int rows();

    int columns();
}
