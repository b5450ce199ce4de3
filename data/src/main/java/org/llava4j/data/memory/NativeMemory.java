package org.llava4j.data.memory;

import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;

/**
 * JavaCPP limits for off-heap memory. The default limit is the heap size, which is too small for a model; above the
 * limit JavaCPP triggers garbage collection repeatedly. Must be configured before ND4J loads.
 */
public final class NativeMemory {
    /** Fraction of the physical memory that a process may use outside the heap. */
    public static final double SHARE_OF_MACHINE = 0.85;

    private NativeMemory() {}

    /** Sets the limits unless system properties set them already. {@code Command.execute} calls it. */
    public static void configure() {
        OperatingSystemMXBean machine = (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
        long bytes = (long) (machine.getTotalMemorySize() * SHARE_OF_MACHINE);
        setIfAbsent("org.bytedeco.javacpp.maxbytes", bytes);
        // The operating system limits resident memory; polling it at every allocation is slow.
        setIfAbsent("org.bytedeco.javacpp.maxphysicalbytes", 0);
    }

    private static void setIfAbsent(String key, long value) {
        if (System.getProperty(key) == null) {
            System.setProperty(key, Long.toString(value));
        }
    }
}
