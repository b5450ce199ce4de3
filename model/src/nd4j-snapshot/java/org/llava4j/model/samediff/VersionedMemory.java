package org.llava4j.model.samediff;

import org.nd4j.autodiff.samediff.internal.memory.AbstractMemoryMgr;
import org.nd4j.linalg.api.buffer.DataBuffer;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.shape.Shape;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Version-specific part of a memory manager: the ND4J snapshots (profile cuda) also allocate from a shape-info buffer.
 * Written from their sources; not compiled on the build machines.
 */
abstract class VersionedMemory extends AbstractMemoryMgr {

    @Override
    public INDArray allocateFromDescriptor(boolean detached, DataBuffer descriptor) {
        long[] info = descriptor.asLong();
        return Shape.isEmpty(info)
                ? Nd4j.createFromDescriptor(descriptor)
                : allocate(detached, Shape.dataType(info), Shape.shape(info));
    }
}
