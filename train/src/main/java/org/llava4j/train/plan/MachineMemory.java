package org.llava4j.train.plan;

import com.sun.management.OperatingSystemMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import org.llava4j.data.memory.AddressSpace;
import org.llava4j.data.memory.NativeMemory;
import org.llava4j.data.memory.ProcessMemory;

/**
 * Memory of a machine in bytes.
 *
 * @param physicalBytes of the whole machine
 * @param limitBytes available to this process (limit of its control group or of its address space); at least {@code
 *     physicalBytes} if there is no limit
 */
public record MachineMemory(long physicalBytes, long limitBytes) {

    /** Detects the memory of this machine. */
    public static MachineMemory detect() {
        OperatingSystemMXBean bean = (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
        // Inside a control group the JVM reports the limit of the group.
        long total = bean.getTotalMemorySize();
        Long left = AddressSpace.availableBytes();
        long limit = left == null ? total : Math.max(0, Math.min(total, resident(left)));
        return new MachineMemory(Math.max(total, installed()), limit);
    }

    /**
     * Memory that may become resident for a given rest of address space: the heap's address space is already reserved,
     * and that of native libraries is not resident.
     */
    private static long resident(long leftBytes) {
        Runtime jvm = Runtime.getRuntime();
        long unusedHeap = jvm.maxMemory() - jvm.totalMemory();
        long residentBytes = Objects.requireNonNullElse(ProcessMemory.RESIDENT.bytes(), 0L);
        return leftBytes + residentBytes + unusedHeap - AddressSpace.NATIVE_CODE_BYTES;
    }

    /** A machine with this memory and no limit, to plan for another machine. */
    public static MachineMemory of(long bytes) {
        return new MachineMemory(bytes, bytes);
    }

    /** Physical memory on Linux; 0 elsewhere, where control groups do not exist either. */
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

    /** Memory that a run may use: {@link NativeMemory#SHARE_OF_MACHINE} of the smaller of both. */
    public long allowedBytes() {
        return (long) (NativeMemory.SHARE_OF_MACHINE * Math.min(physicalBytes, limitBytes));
    }

    @Override
    public String toString() {
        String limit =
                limitBytes < physicalBytes ? ", limited for this process to " + MemoryPlan.formatBytes(limitBytes) : "";
        return MemoryPlan.formatBytes(physicalBytes) + limit;
    }
}
