package org.llava4j.eval.inspect;

import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.Options;
import org.jspecify.annotations.Nullable;
import org.llava4j.cli.Command;
import org.llava4j.cli.VisionTowerFlags;
import org.llava4j.data.BadInputException;
import org.llava4j.eval.AdapterFlags;
import org.llava4j.model.folder.ModelManifest;
import org.llava4j.model.folder.ModelSource;

/** {@code exec:java@inspect}: describes a model folder; exits with an error if it cannot be loaded. */
public final class InspectMain extends Command {
    /** Problems that are listed: a wrong number of layers makes thousands. */
    private static final int MAX_PROBLEMS = 20;

    private InspectMain() {
        super("inspect", "Describes a model folder: its type, parameters, dtypes, and the file of each weight.");
    }

    public static void main(String[] args) {
        new InspectMain().execute(args);
    }

    @Override
    protected Options options() {
        return VisionTowerFlags.addTo(
                        AdapterFlags.addTo(new Options()), "CLIP folder, if config.json does not name a local one")
                .addOption(required(
                        "model-path",
                        "DIR|FILE",
                        "LLaVA model of any layout, CLIP tower, LLaMA model, GGUF file, or projector file"))
                .addOption(toggle(
                        "verify",
                        "read all weights, count NaN and infinite values by tensor, and compare the files with the hashes in"
                                + " llava4j.json, if there is one"));
    }

    @Override
    protected void run(CommandLine line) {
        Path folder = path(line, "model-path");
        ModelSource source = AdapterFlags.isGiven(line) ? AdapterFlags.source(line, folder) : null;
        Inspection inspection =
                source == null ? Inspection.of(folder, VisionTowerFlags.path(line)) : Inspection.of(source);
        System.out.println(folder + ": " + inspection.description());
        inspection.parametersByPart().forEach((part, count) -> print(part, count + " parameters"));
        print("total", inspection.parameters() + " parameters");
        inspection
                .tensorsByDtype()
                .forEach((type, count) -> print(
                        type,
                        count + " tensors, " + inspection.bytesByDtype().get(type) + " bytes"
                                + kinds(inspection, type)));
        inspection
                .variablesByFile()
                .forEach((file, count) ->
                        print("loads", count + " tensors from " + (file.isEmpty() ? "no file" : file)));
        List<Path> folders = source == null ? List.of(folder) : List.of(source.folder(), source.trainedFolder());
        folders.stream()
                .map(ModelManifest::read)
                .filter(Objects::nonNull)
                .forEach(manifest -> print("written", written(manifest)));
        inspection.skippedByReason().forEach((reason, count) -> print("skipped", count + ": " + reason));
        inspection.warnings().forEach(warning -> print("warning", warning));
        List<String> problems = inspection.problems();
        problems.stream().limit(MAX_PROBLEMS).forEach(problem -> print("problem", problem));
        if (!problems.isEmpty()) {
            throw new BadInputException(folder + " cannot be loaded; "
                    + (problems.size() > MAX_PROBLEMS ? "the first " + MAX_PROBLEMS + " of " : "")
                    + "its " + problems.size()
                    + " problems are listed above; use the config.json that came with the weights");
        }
        if (line.hasOption("verify")) {
            if (source != null) {
                source.requireBase();
            }
            for (Path verified : folders) {
                requireFinite(verified);
                verify(verified, ModelManifest.read(verified));
            }
        }
    }

    private static String kinds(Inspection inspection, String type) {
        SortedMap<String, Long> kinds = inspection.kindsByFormat().getOrDefault(type, new TreeMap<>());
        return kinds.isEmpty()
                ? ""
                : kinds.entrySet().stream()
                        .map(kind -> kind.getKey() + (kind.getValue() == 1 ? "" : " (" + kind.getValue() + ")"))
                        .collect(Collectors.joining(", ", ": ", ""));
    }

    private static String written(ModelManifest manifest) {
        return "by LLaVA4J " + manifest.library()
                + (manifest.stage() == null ? "" : ", last training stage " + manifest.stage())
                + (manifest.template() == null ? "" : ", template " + manifest.template());
    }

    private static void requireFinite(Path folder) {
        List<String> bad = NonFiniteTensors.in(folder);
        bad.forEach(tensor -> print("not finite", tensor));
        if (!bad.isEmpty()) {
            throw new BadInputException(folder + " holds NaN or infinite values in the " + bad.size()
                    + " tensors listed above; download or train it again");
        }
    }

    private static void verify(Path folder, @Nullable ModelManifest manifest) {
        if (manifest == null) {
            print("verified", "no NaN or infinite values; file hashes were not compared (no llava4j.json)");
            return;
        }
        List<String> differences = manifest.differences(folder);
        differences.forEach(difference -> print("changed", difference));
        if (!differences.isEmpty()) {
            throw new BadInputException(folder + " differs from its manifest; the " + differences.size()
                    + " differences are listed above; download or write it again");
        }
        print("verified", manifest.files().size() + " files match their hashes");
    }

    private static void print(String what, String value) {
        System.out.printf(Locale.ROOT, "  %-16s %s%n", what, value);
    }
}
