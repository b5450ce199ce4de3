package org.llava4j.eval.realsize;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.management.OperatingSystemMXBean;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.Options;
import org.llava4j.cli.ChildJvm;
import org.llava4j.cli.Command;
import org.llava4j.data.AtomicFile;
import org.llava4j.data.AtomicFolder;
import org.llava4j.data.BadInputException;
import org.llava4j.data.InputPaths;
import org.llava4j.data.memory.ProcessMemory;
import org.llava4j.eval.inspect.InspectMain;
import org.llava4j.model.weights.WeightDtype;

/**
 * {@code exec:java@real-size}: generates a model of a published size, inspects it in a separate JVM, and loads and runs
 * it in another in a weight dtype. Loading may take at most 1.1 times the size of 16-bit weights plus 1 GB, or the size
 * of quantized weights plus 1.5 GB. MB and GB are 10^6 and 10^9 bytes.
 */
public final class RealSizeMain extends Command {
    private static final String KIND = "real-size";
    private static final double MB = 1e6;
    private static final double WEIGHT_BYTES_FACTOR = 1.1;
    private static final double OVERHEAD_BYTES = 1e9;
    private static final double OVERHEAD_BYTES_QUANTIZED = 1.5e9;
    /** Disk space relative to the weights: headers and file-system overhead. */
    private static final double DISK_FACTOR = 1.01;

    private RealSizeMain() {
        super(
                KIND,
                "Generates a LLaVA model of a published size with random bfloat16 weights, inspects it, loads it"
                        + " and runs it on one image and 64 text tokens; fails if loading takes more memory than"
                        + " 1.1 times the 16-bit weights plus 1 GB, or quantized weights plus 1.5 GB.");
    }

    public static void main(String[] args) {
        new RealSizeMain().execute(args);
    }

    @Override
    protected Options options() {
        return new Options()
                .addOption(flag(
                        "size",
                        "NAME",
                        "7b (default: 14 GB of disk), 13b (26 GB), 1b (3 GB), or small to try the command"))
                .addOption(required("folder", "DIR", "folder of the generated model; deleted at the end"))
                .addOption(flag("dtype", "TYPE", "weight dtype: bf16 (default), fp16, q8 or q4"))
                .addOption(
                        toggle("mmap", "map the weights that are stored in the weight dtype instead of reading them"))
                .addOption(toggle("keep", "keep the model folder"))
                .addOption(flag("json", "FILE", "JSON file of the measurements"))
                .addOption(
                        toggle("in-this-jvm", "load and run the existing model in this JVM and print one JSON line"));
    }

    @Override
    protected void run(CommandLine line) {
        PublishedModelSize size = PublishedModelSize.named(line.getOptionValue("size", "7b"));
        WeightDtype dtype = WeightDtype.forInference(line.getOptionValue("dtype", WeightDtype.BF16.toString()));
        Path target = path(line, "folder");
        if (ProcessMemory.PEAK.bytes() == null) {
            throw new BadInputException("this system does not report the memory of a process; run this on Linux");
        }
        if (line.hasOption("in-this-jvm")) {
            System.out.println(LoadMeasurement.measure(target, size.textTokens(), dtype, line.hasOption("mmap")));
            return;
        }
        InputPaths.requireOutside("--json", optionalPath(line, "json"), target);
        ObjectNode measurements = new JsonMapper().createObjectNode();
        try (AtomicFolder folder = AtomicFolder.begin(target, KIND)) {
            requireSpace(folder.path(), size);
            // An interrupted run must not leave gigabytes behind.
            Thread cleanup = new Thread(folder::close);
            Runtime.getRuntime().addShutdownHook(cleanup);
            measure(folder.path(), size, dtype, line.hasOption("mmap"), measurements);
            if (line.hasOption("keep")) {
                folder.commit();
            }
            Runtime.getRuntime().removeShutdownHook(cleanup);
        }
        if (line.hasOption("json")) {
            AtomicFile.writeString(path(line, "json"), measurements.toPrettyString() + "\n");
        }
        requireBound(measurements);
    }

    private static void requireSpace(Path folder, PublishedModelSize size) {
        try {
            double free = Files.getFileStore(folder).getUsableSpace();
            double needed = size.bytes16Bit() * DISK_FACTOR;
            if (free < needed) {
                throw new BadInputException(String.format(
                        Locale.ROOT,
                        "%s has %.0f MB free but --size %s needs %.0f MB; choose a --folder on another disk",
                        folder.getParent(),
                        free / MB,
                        size.name(),
                        needed / MB));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static double bound(PublishedModelSize size, WeightDtype dtype) {
        return dtype.isQuantized()
                ? size.bytes(dtype) + OVERHEAD_BYTES_QUANTIZED
                : WEIGHT_BYTES_FACTOR * size.bytes16Bit() + OVERHEAD_BYTES;
    }

    private static void measure(
            Path folder, PublishedModelSize size, WeightDtype dtype, boolean mmap, ObjectNode measurements) {
        double bound = bound(size, dtype);
        long machine = ((OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean()).getTotalMemorySize();
        measurements.put("size", size.name());
        measurements.put("parameters", size.parameters());
        measurements.put("bytes_16_bit", size.bytes16Bit());
        measurements.put("dtype", dtype.toString());
        measurements.put("bytes", size.bytes(dtype));
        measurements.put("machine_mb", machine / MB);
        print("%s: %d parameters, %.0f MB in %s", size.name(), size.parameters(), size.bytes(dtype) / MB, dtype);
        measurements.put("make_s", seconds(() -> RandomWeightsModel.write(folder, size)));
        print("generated  %7.1f s", measurements.get("make_s").doubleValue());
        ChildJvm inspect = new ChildJvm("inspect", InspectMain.class, List.of("-Xmx256m"));
        measurements.put("inspect_s", seconds(() -> inspect.run(List.of("--model-path", folder.toString()))));
        print(
                "inspected  %7.1f s, including JVM start",
                measurements.get("inspect_s").doubleValue());
        measurements.put("bound_mb", bound / MB);
        if (bound > machine) {
            print("not loaded: loading may take %.0f MB, but the machine has %.0f MB", bound / MB, machine / MB);
            return;
        }
        List<String> arguments = new ArrayList<>(List.of(
                "--in-this-jvm", "--size", size.name(), "--dtype", dtype.toString(), "--folder", folder.toString()));
        if (mmap) {
            arguments.add("--mmap");
        }
        measurements.setAll(
                (ObjectNode) new ChildJvm("loading", RealSizeMain.class, List.of("-Xmx1g")).json(arguments));
        measurements.put("positions", size.sequenceLength());
        print(
                "loaded     %7.1f s (%.1f s of CPU time), mapped %.0f MB, peak %.0f MB of at most %.0f MB (%.0f MB anonymous)",
                measurements.get("load_s").doubleValue(),
                measurements.get("load_cpu_s").doubleValue(),
                measurements.get("mapped_mb").doubleValue(),
                measurements.get("peak_load_mb").doubleValue(),
                bound / MB,
                measurements.get("anonymous_load_mb").doubleValue());
        print(
                "forward    %7.1f s (%.1f s of CPU time) for %d tokens, peak %.0f MB",
                measurements.get("forward_s").doubleValue(),
                measurements.get("forward_cpu_s").doubleValue(),
                size.sequenceLength(),
                measurements.get("peak_forward_mb").doubleValue());
        print(
                "decode     %7.1f ms for a token, peak %.0f MB",
                measurements.get("decode_ms").doubleValue(),
                measurements.get("peak_mb").doubleValue());
    }

    /**
     * Checks that loading stayed within the memory limit; passes if nothing was loaded.
     *
     * @throws BadInputException if the peak exceeds the limit
     */
    static void requireBound(ObjectNode measurements) {
        double peak = measurements.path("peak_load_mb").doubleValue();
        double bound = measurements.get("bound_mb").doubleValue();
        if (peak > bound) {
            throw new BadInputException(String.format(
                    Locale.ROOT, "loading took %.0f MB at its peak, more than the limit of %.0f MB", peak, bound));
        }
    }

    private static double seconds(Runnable work) {
        long startNanos = System.nanoTime();
        work.run();
        return (System.nanoTime() - startNanos) / 1e9;
    }

    private static void print(String format, Object... values) {
        System.out.printf(Locale.ROOT, format + "%n", values);
    }
}
