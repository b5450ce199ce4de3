package org.llava4j.train.plan;

import com.sun.management.OperatingSystemMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import org.llava4j.data.cli.AddressSpace;
import org.llava4j.data.cli.NativeMemory;
import org.llava4j.data.cli.ProcessMemory;

/**
 * The memory there is, in bytes.
 *
 * @param physicalBytes of the whole machine
 * @param limitBytes what this process may have of it (the limit of its control group or of its address space); no less
 *     than the machine has where there is no limit
 */
public record MachineMemory(long physicalBytes, long limitBytes) {

    /** This machine. */
    public static MachineMemory detect() {
        OperatingSystemMXBean bean = (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
        // Inside a control group the JVM tells its limit.
        long total = bean.getTotalMemorySize();
        long limit = AddressSpace.availableBytes().stream()
                .map(left -> Math.max(0, Math.min(total, resident(left))))
                .findFirst()
                .orElse(total);
        return new MachineMemory(Math.max(total, installed()), limit);
    }

    /**
     * What may be resident where so much address space is left: the heap's is taken already, and that of native libraries
     * is not resident.
     */
    private static long resident(long leftBytes) {
        Runtime jvm = Runtime.getRuntime();
        long unusedHeap = jvm.maxMemory() - jvm.totalMemory();
        return leftBytes + ProcessMemory.RESIDENT.bytes().orElse(0) + unusedHeap - AddressSpace.NATIVE_CODE_BYTES;
    }

    /** Another machine, to plan for it. */
    public static MachineMemory of(long bytes) {
        return new MachineMemory(bytes, bytes);
    }

    /** What Linux has; 0 elsewhere, where control groups are unknown too. */
    private static long installed() {
        try {
            return Files.readAllLines(Path.of("/proc/meminfo")).stream()
                    .filter(line -> line.startsWith("MemTotal:"))
                    .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) << 10)
                    .findFirst()
                    .orElse(0);
        } catch (IOException e) {
            return 0;
        }
    }

    /** What a run may take: {@link NativeMemory#SHARE_OF_MACHINE} of the smaller of both. */
    public long allowedBytes() {
        return (long) (NativeMemory.SHARE_OF_MACHINE * Math.min(physicalBytes, limitBytes));
    }

    @Override
    public String toString() {
        String limit = limitBytes < physicalBytes
                ? ", of which this process may have " + MemoryPlan.formatBytes(limitBytes)
                : "";
        return MemoryPlan.formatBytes(physicalBytes) + limit;
    }
}
