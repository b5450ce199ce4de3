package org.llava4j.train.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.Options;
import org.llava4j.cli.ChildJvm;
import org.llava4j.cli.Command;
import org.llava4j.data.AtomicFile;
import org.llava4j.data.EnumName;
import org.llava4j.model.kernels.GemmBaseline;
import org.llava4j.model.kernels.GemmBaseline.Layout;
import org.llava4j.model.kernels.GemmBaseline.Product;
import org.llava4j.model.weights.WeightDtype;

/**
 * {@code exec:java@bench}: benchmark of training steps against a GEMM baseline, and of inference against
 * memory bandwidth. Each case, or weight dtype, runs in its own JVM.
 */
public final class BenchMain extends Command {
    private static final int MIN_REPETITIONS = 7;
    private static final int SGEMM_SIDE = 1024;
    private static final int SGEMM_RUNS = 15;
    private static final boolean[] WITHOUT_CHECKPOINTING = {false};
    private static final boolean[] WITHOUT_AND_WITH_CHECKPOINTING = {false, true};

    private BenchMain() {
        super("bench", "Benchmarks training steps against a GEMM baseline, or inference against memory bandwidth.");
    }

    /**
     * Runs the command.
     *
     * @param args flags, see {@code --help}
     */
    public static void main(String[] args) {
        new BenchMain().execute(args);
    }

    @Override
    protected Options options() {
        return new Options()
                .addOption(flag(
                        "size",
                        "NAME",
                        "mid (default), 1b (TinyLlama's decoder), 7b (LLaVA's decoder, of Vicuna 7B), or small to try"
                                + " the command"))
                .addOption(flag("batch", "N", "samples per step (default 4)"))
                .addOption(flag(
                        "text", "N", "text tokens of a sample, after its image tokens (default mid 128, small 32)"))
                .addOption(flag(
                        "cases",
                        "LIST",
                        "cases to run (default all): forward, stage1_features, stage2, stage1, stage2_pixels"))
                .addOption(flag("repetitions", "N", "measured steps per case, at least 7 (default 11)"))
                .addOption(flag(
                        "memory-steps",
                        "N",
                        "before timing, runs N steps, at least 21, and compares resident memory after"
                                + " them with that after step 20 (default: off)"))
                .addOption(alias(
                        toggle(
                                "inference",
                                "measures decode steps of 1 and of 4 sequences with a context of "
                                        + InferenceBenchmark.CONTEXT_LENGTH
                                        + " tokens, prefill and a second question instead"),
                        "decode"))
                .addOption(flag(
                        "dtype",
                        "LIST",
                        "weight dtypes with --inference: fp32, bf16, fp16, q8, q4 (default fp32,bf16,q8,q4)"))
                .addOption(alias(
                        toggle(
                                "gradient-checkpointing",
                                "also measures each training case with gradient checkpointing"),
                        "recompute"))
                .addOption(flag("json", "FILE", "output file of the results"))
                .addOption(toggle("in-this-jvm", "runs the cases in this JVM and prints one JSON line per case"));
    }

    @Override
    protected void run(CommandLine line) {
        BenchSize size = size(line);
        int batch = atLeast(1, line, "batch", 4);
        int repetitions = atLeast(MIN_REPETITIONS, line, "repetitions", 11);
        int memorySteps =
                line.hasOption("memory-steps") ? atLeast(StepBenchmark.WARM_STEP + 1, line, "memory-steps", 0) : 0;
        List<BenchCase> cases = Arrays.stream(
                        line.getOptionValue("cases", "forward,stage1_features,stage2,stage1,stage2_pixels")
                                .split(","))
                .map(name -> EnumName.parse(BenchCase.class, "--cases", name.strip()))
                .toList();
        if (line.hasOption("inference")) {
            inference(line, size, repetitions);
            return;
        }
        if (line.hasOption("in-this-jvm")) {
            boolean gradientCheckpointing = line.hasOption("gradient-checkpointing");
            cases.forEach(benchCase -> System.out.println(
                    new StepBenchmark(size, benchCase, gradientCheckpointing, batch, repetitions, memorySteps)
                            .measure()));
            return;
        }
        ObjectNode all = new JsonMapper().createObjectNode();
        all.put("sgemm_gflops", sgemm());
        System.out.printf(
                Locale.ROOT, "sgemm %.0f GFLOP/s%n", all.get("sgemm_gflops").doubleValue());
        ArrayNode results = all.putArray("cases");
        for (BenchCase benchCase : cases) {
            for (boolean gradientCheckpointing : line.hasOption("gradient-checkpointing") && benchCase.trains()
                    ? WITHOUT_AND_WITH_CHECKPOINTING
                    : WITHOUT_CHECKPOINTING) {
                JsonNode result = runInChildJvm(
                        new StepBenchmark(size, benchCase, gradientCheckpointing, batch, repetitions, memorySteps));
                results.add(result);
                print(result);
            }
        }
        write(line, all);
    }

    private void inference(CommandLine line, BenchSize size, int repetitions) {
        List<WeightDtype> dtypes = Arrays.stream(
                        line.getOptionValue("dtype", "fp32,bf16,q8,q4").split(","))
                .map(name -> WeightDtype.forInference(name.strip()))
                .toList();
        if (line.hasOption("in-this-jvm")) {
            dtypes.forEach(dtype -> System.out.println(new InferenceBenchmark(size, dtype, repetitions).measure()));
            return;
        }
        ObjectNode all = new JsonMapper().createObjectNode();
        ArrayNode results = all.putArray("dtypes");
        for (WeightDtype dtype : dtypes) {
            List<String> arguments = List.of(
                    "--in-this-jvm",
                    "--inference",
                    "--dtype",
                    dtype.toString(),
                    "--size",
                    size.name(),
                    "--text",
                    String.valueOf(size.textTokens()),
                    "--repetitions",
                    String.valueOf(repetitions));
            ObjectNode result = (ObjectNode)
                    new ChildJvm("inference in " + dtype, BenchMain.class, List.of("-Xmx512m")).json(arguments);
            results.add(result);
            System.out.print(InferenceBenchmark.describe(result));
        }
        write(line, all);
    }

    private static void write(CommandLine line, ObjectNode all) {
        if (line.hasOption("json")) {
            AtomicFile.writeString(path(line, "json"), all.toPrettyString() + "\n");
        }
    }

    private static BenchSize size(CommandLine line) {
        BenchSize named = BenchSize.named(line.getOptionValue("size", "mid"));
        return named.withTextTokens(atLeast(1, line, "text", named.textTokens()));
    }

    private static void print(JsonNode result) {
        System.out.printf(
                Locale.ROOT,
                "%-22s %8.1f ms  baseline %8.1f ms  efficiency %.3f  %8.0f tokens/s  peak %5.0f MB, planned %5.0f MB%n",
                result.get("case").textValue()
                        + (result.get("gradient_checkpointing").booleanValue() ? " (ckpt)" : ""),
                result.get("median_ms").doubleValue(),
                result.get("baseline_ms").doubleValue(),
                result.get("efficiency").doubleValue(),
                result.get("tokens_per_s").doubleValue(),
                result.get("peak_rss_mb").doubleValue(),
                result.get("planned_peak_mb").doubleValue());
        if (result.has(StepBenchmark.RSS_WARM)) {
            System.out.printf(
                    Locale.ROOT,
                    "%-22s resident %.0f MB after step %d, %.0f MB at the end; arrays allocated %.0f and %.0f MB%n",
                    "",
                    result.get(StepBenchmark.RSS_WARM).doubleValue(),
                    StepBenchmark.WARM_STEP,
                    result.get(StepBenchmark.RSS_END).doubleValue(),
                    result.get(StepBenchmark.ARRAYS_WARM).doubleValue(),
                    result.get(StepBenchmark.ARRAYS_END).doubleValue());
        }
    }

    /** GFLOP/s of a square GEMM, best of several runs: the peak that this machine reaches. */
    private static double sgemm() {
        Product square = new Product(Layout.A_BT, SGEMM_SIDE, SGEMM_SIDE, SGEMM_SIDE, 1, false);
        try (GemmBaseline baseline = new GemmBaseline(List.of(square))) {
            double best = 0;
            for (int i = 0; i < SGEMM_RUNS; i++) {
                long start = System.nanoTime();
                baseline.run();
                best = Math.max(best, square.flops() / (System.nanoTime() - start));
            }
            return best;
        }
    }

    private static JsonNode runInChildJvm(StepBenchmark benchmark) {
        String label = benchmark.benchCase().label();
        List<String> flags = new ArrayList<>(List.of("-Xmx256m"));
        List<String> arguments = new ArrayList<>(
                List.of("--in-this-jvm", "--size", benchmark.size().name(), "--cases", label));
        arguments.addAll(List.of("--batch", String.valueOf(benchmark.batch())));
        arguments.addAll(List.of("--text", String.valueOf(benchmark.size().textTokens())));
        arguments.addAll(List.of("--repetitions", String.valueOf(benchmark.repetitions())));
        if (benchmark.gradientCheckpointing()) {
            arguments.add("--gradient-checkpointing");
        }
        if (benchmark.memorySteps() > 0) {
            // The whole heap is committed at start-up, so that memory growth afterwards is not heap growth.
            flags.addAll(List.of("-Xms256m", "-XX:+AlwaysPreTouch"));
            arguments.addAll(List.of("--memory-steps", String.valueOf(benchmark.memorySteps())));
        }
        return new ChildJvm("case " + label, BenchMain.class, flags).json(arguments);
    }
}
