package org.llava4j.eval.parity;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.Options;
import org.jspecify.annotations.Nullable;
import org.llava4j.cli.Command;
import org.llava4j.cli.VisionTowerFlags;
import org.llava4j.data.BadInputException;
import org.llava4j.data.InputPaths;
import org.llava4j.model.tensors.SafetensorsFile;
import org.llava4j.model.tensors.SafetensorsWriter;
import org.llava4j.model.weights.ForwardPassRecorder;
import org.nd4j.linalg.api.ndarray.INDArray;

/** {@code exec:java@parity}: checks the tensors that a model computes against expected values. */
public final class ParityMain extends Command {

    private ParityMain() {
        super(
                "parity",
                "Runs a model (LLaVA, CLIP tower or LLaMA) on input tensors, writes all intermediate tensors, and compares"
                        + " them with expected ones.");
    }

    public static void main(String[] args) {
        new ParityMain().execute(args);
    }

    @Override
    protected Options options() {
        return VisionTowerFlags.addTo(new Options(), "CLIP folder, if not the one that config.json names")
                .addOption(required("model-path", "DIR|FILE", "model folder, or GGUF file of a decoder"))
                .addOption(required(
                        "inputs",
                        "FILE",
                        "safetensors with pixel_values or images, input_ids (-200 for an image), labels,"
                                + " attention_mask"))
                .addOption(flag("output", "FILE", "safetensors file to write the tensors to"))
                .addOption(flag(
                        "gradients",
                        "STAGE",
                        "also compute gradients: stage1 (projector) or stage2 (projector and decoder)"))
                .addOption(flag("expect", "FILE", "safetensors file with the expected tensors"))
                .addOption(flag("tolerance", "REAL", "maximum relative error (default 1e-4)"));
    }

    @Override
    protected void run(CommandLine line) {
        Path output = optionalPath(line, "output");
        if (output != null && !Files.isWritable(output.toAbsolutePath().getParent())) {
            throw new BadInputException(output + ": its folder cannot be written; give another --output");
        }
        InputPaths.of(
                        path(line, "model-path"),
                        VisionTowerFlags.path(line),
                        path(line, "inputs"),
                        optionalPath(line, "expect"))
                .requireNoOverlap(output);
        double tolerance = decimal(line, "tolerance", 1e-4);
        ForwardPassRecorder.Gradients gradients = gradients(line.getOptionValue("gradients"));
        Map<String, INDArray> inputs = read(path(line, "inputs"));
        Path expectFile = optionalPath(line, "expect");
        Map<String, INDArray> expected = expectFile == null ? Map.of() : read(expectFile);
        ForwardPassRecorder.Outputs outputs = ForwardPassRecorder.open(
                        path(line, "model-path"), VisionTowerFlags.path(line))
                .run(inputs, gradients);
        if (output != null) {
            SafetensorsWriter.write(output, outputs.tensors());
            System.out.println("wrote " + outputs.tensors().size() + " tensors to " + output);
        }
        if (expectFile != null) {
            report(TensorComparison.of(outputs, expected), expectFile, tolerance);
        }
    }

    private static void report(TensorComparison comparison, Path expectFile, double tolerance) {
        System.out.print(comparison.table(tolerance));
        if (comparison.rows().isEmpty()) {
            throw new BadInputException(expectFile + " has no tensor that this model produces; see --output");
        }
        if (!comparison.isWithin(tolerance)) {
            long differing = comparison.rows().stream()
                    .filter(row -> row.error() > tolerance)
                    .count();
            throw new BadInputException(differing + " of " + comparison.rows().size() + " tensors differ by more than "
                    + tolerance + " from " + expectFile + "; the weights or the inputs are not the same");
        }
        System.out.println("all " + comparison.rows().size() + " tensors within " + tolerance);
    }

    private static ForwardPassRecorder.@Nullable Gradients gradients(@Nullable String stage) {
        if (stage == null) {
            return null;
        }
        try {
            return ForwardPassRecorder.Gradients.valueOf(stage.toUpperCase(Locale.ROOT));
        } catch (IllegalArgumentException e) {
            throw new BadInputException("--gradients must be stage1 or stage2, got " + stage, e);
        }
    }

    private static Map<String, INDArray> read(Path path) {
        try (SafetensorsFile file = SafetensorsFile.open(path)) {
            Map<String, INDArray> tensors = new LinkedHashMap<>();
            file.tensors().keySet().forEach(name -> tensors.put(name, file.read(name)));
            return tensors;
        }
    }
}
