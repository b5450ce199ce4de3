package org.llava4j.model.kernels;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.nio.Buffer;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Objects;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;
import org.jspecify.annotations.Nullable;

/**
 * Vector loads from native memory, which save the copy to the heap. The Vector API of JDK 17 loads from a {@link
 * ByteBuffer}, that of newer JDKs only from a {@code MemorySegment}, a class that JDK 17 does not have. A constant method
 * handle, which C2 inlines like a call, bridges the two, so that one class file serves all JDKs.
 */
final class VectorLoads {
    static final VectorSpecies<Integer> INTS = IntVector.SPECIES_PREFERRED;

    private static final @Nullable Class<?> SEGMENT = segmentClass();
    /** Whether vectors are loaded from a {@link ByteBuffer}. */
    private static final boolean FROM_BUFFER = SEGMENT == null;

    private static final @Nullable MethodHandle OF_BUFFER = ofBuffer();
    private static final @Nullable MethodHandle FROM_SEGMENT = fromSegment();

    private VectorLoads() {}

    /** The memory of a buffer in the form that {@link #ints} reads. */
    static Object source(ByteBuffer memory) {
        if (FROM_BUFFER) {
            return memory;
        }
        try {
            return (Object) Objects.requireNonNull(OF_BUFFER).invokeExact((Buffer) memory);
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    /** Loads one vector of little-endian ints from a position in bytes. */
    static IntVector ints(Object source, int at) {
        if (FROM_BUFFER) {
            return IntVector.fromByteBuffer(INTS, (ByteBuffer) source, at, ByteOrder.LITTLE_ENDIAN);
        }
        try {
            return (IntVector)
                    Objects.requireNonNull(FROM_SEGMENT).invokeExact(INTS, source, (long) at, ByteOrder.LITTLE_ENDIAN);
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    /** The sum of the ints in memory, without the last few that do not fill four vectors. */
    static int sum(ByteBuffer memory) {
        Object source = source(memory);
        IntVector a = IntVector.zero(INTS);
        IntVector b = a;
        IntVector c = a;
        IntVector d = a;
        int step = INTS.vectorByteSize();
        for (int at = 0; at + 4 * step <= memory.remaining(); at += 4 * step) {
            a = a.add(ints(source, at));
            b = b.add(ints(source, at + step));
            c = c.add(ints(source, at + 2 * step));
            d = d.add(ints(source, at + 3 * step));
        }
        return a.add(b).add(c.add(d)).reduceLanes(VectorOperators.ADD);
    }

    private static RuntimeException unexpected(Throwable e) {
        if (e instanceof Error error) {
            throw error;
        }
        return e instanceof RuntimeException runtime ? runtime : new IllegalStateException(e);
    }

    /** {@code MemorySegment} if this JDK's vectors are loaded from it, else null. */
    private static @Nullable Class<?> segmentClass() {
        try {
            Class<?> segment = Class.forName("java.lang.foreign.MemorySegment");
            fromSegment(segment);
            return segment;
        } catch (ReflectiveOperationException e) {
            return null;
        }
    }

    private static @Nullable MethodHandle ofBuffer() {
        if (SEGMENT == null) {
            return null;
        }
        try {
            return MethodHandles.publicLookup()
                    .findStatic(SEGMENT, "ofBuffer", MethodType.methodType(SEGMENT, Buffer.class))
                    .asType(MethodType.methodType(Object.class, Buffer.class));
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("this JDK's MemorySegment has no ofBuffer(Buffer)", e);
        }
    }

    private static @Nullable MethodHandle fromSegment() {
        try {
            return SEGMENT == null ? null : fromSegment(SEGMENT);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("fromMemorySegment was found before", e);
        }
    }

    private static MethodHandle fromSegment(Class<?> segment) throws ReflectiveOperationException {
        MethodType type =
                MethodType.methodType(IntVector.class, VectorSpecies.class, segment, long.class, ByteOrder.class);
        return MethodHandles.publicLookup()
                .findStatic(IntVector.class, "fromMemorySegment", type)
                .asType(type.changeParameterType(1, Object.class));
    }
}
