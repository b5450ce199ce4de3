package org.llava4j.eval.inspect;

import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.Options;
import org.llava4j.data.BadInputException;
import org.llava4j.data.cli.Command;
import org.llava4j.model.folder.ModelManifest;

/** {@code exec:java@inspect}: says what a model folder is; ends with an error if it would not load. */
public final class InspectMain extends Command {

    private InspectMain() {
        super("inspect", "Says what a model folder is and what would be loaded from where.");
    }

    public static void main(String[] args) {
        new InspectMain().execute(args);
    }

    @Override
    protected Options options() {
        return new Options()
                .addOption(required(
                        "model-path", "DIR", "a LLaVA of any layout, a CLIP tower, a LLaMA, or a projector's file"))
                .addOption(flag("vision-tower", "DIR", "the CLIP folder, if config.json does not name a local one"))
                .addOption(toggle(
                        "verify",
                        "read all weights, count NaN and infinite values by tensor, and compare the files with the hashes in"
                                + " llava4j.json, where there is one"));
    }

    @Override
    protected void run(CommandLine line) {
        Path folder = path(line, "model-path");
        Inspection found = Inspection.of(folder, path(line, "vision-tower"));
        System.out.println(folder + ": " + found.description());
        found.parametersByPart().forEach((part, count) -> print(part, count + " parameters"));
        print("all", found.parameters() + " parameters");
        found.tensorsByDtype().forEach((type, count) -> print(type.toString(), count + " tensors"));
        found.variablesByFile()
                .forEach((file, count) -> print("loads", count + " from " + (file.isEmpty() ? "nowhere" : file)));
        Optional<ModelManifest> manifest = ModelManifest.read(folder);
        manifest.ifPresent(told -> print("written", written(told)));
        found.skippedByReason().forEach((reason, count) -> print("skips", count + ": " + reason));
        found.warnings().forEach(odd -> print("odd", odd));
        found.problems().forEach(problem -> print("problem", problem));
        if (!found.problems().isEmpty()) {
            throw new BadInputException(
                    folder + " would not load; its " + found.problems().size()
                            + " problems are listed above, use the config.json that came with the weights");
        }
        if (line.hasOption("verify")) {
            requireFinite(folder);
            verify(folder, manifest);
        }
    }

    private static String written(ModelManifest manifest) {
        return "by LLaVA4J " + manifest.library()
                + (manifest.stage() == null ? "" : ", last trained by " + manifest.stage())
                + (manifest.template() == null ? "" : ", template " + manifest.template());
    }

    private static void requireFinite(Path folder) {
        List<String> bad = NonFiniteTensors.in(folder);
        bad.forEach(tensor -> print("not finite", tensor));
        if (!bad.isEmpty()) {
            throw new BadInputException(folder + " holds NaN or infinite values in the " + bad.size()
                    + " tensors listed above; fetch or train it again");
        }
    }

    private static void verify(Path folder, Optional<ModelManifest> manifest) {
        if (manifest.isEmpty()) {
            print("verified", "no value is NaN or infinite; there are no hashes to compare with (no llava4j.json)");
            return;
        }
        ModelManifest told = manifest.get();
        List<String> differences = told.differences(folder);
        differences.forEach(difference -> print("changed", difference));
        if (!differences.isEmpty()) {
            throw new BadInputException(folder + " is not as it was written; its " + differences.size()
                    + " differences are listed above, fetch or write it again");
        }
        print("verified", told.files().size() + " files are as they were written");
    }

    private static void print(String what, String value) {
        System.out.printf(Locale.ROOT, "  %-16s %s%n", what, value);
    }
}
