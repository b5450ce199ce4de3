package org.llava4j.model.samediff;

import org.nd4j.autodiff.samediff.internal.memory.AbstractMemoryMgr;

/** Version-specific part of a memory manager: ND4J 1.0.0-M2.1 needs nothing more. */
abstract class VersionedMemory extends AbstractMemoryMgr {}
