package org.llava4j.data.cli;

import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;

/**
 * How much memory outside the heap JavaCPP may hand out. Its default is the heap's limit, far too small for a model;
 * past its limit it collects garbage over and over. Must run before ND4J loads.
 */
public final class NativeMemory {
    /** What a process may have outside the heap, of all memory. */
    public static final double SHARE_OF_MACHINE = 0.85;

    private NativeMemory() {}

    /** Sets the limits, unless someone did; a goal does it itself. */
    public static void configure() {
        OperatingSystemMXBean machine = (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
        long bytes = (long) (machine.getTotalMemorySize() * SHARE_OF_MACHINE);
        setIfAbsent("org.bytedeco.javacpp.maxbytes", bytes);
        // Resident memory is watched by the machine, not by polling it at every allocation.
        setIfAbsent("org.bytedeco.javacpp.maxphysicalbytes", 0);
    }

    private static void setIfAbsent(String key, long value) {
        if (System.getProperty(key) == null) {
            System.setProperty(key, Long.toString(value));
        }
    }
}
