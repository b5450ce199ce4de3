package org.llava4j.model.samediff;

import org.nd4j.autodiff.samediff.internal.memory.AbstractMemoryMgr;

/** What of a memory manager differs between ND4J versions: in 1.0.0-M2.1, nothing more is asked for. */
abstract class VersionedMemory extends AbstractMemoryMgr {}
