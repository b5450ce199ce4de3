package org.llava4j.eval.inspect;

import java.nio.file.Path;
import java.util.Locale;
import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.Options;
import org.llava4j.data.BadInputException;
import org.llava4j.data.cli.Command;

/** {@code exec:java@inspect}: says what a model folder is; ends with an error if it would not load. */
public final class InspectMain extends Command {

    private InspectMain() {
        super("inspect", "Says what a model folder is and what would be loaded from where; no weight is read.");
    }

    public static void main(String[] args) {
        new InspectMain().execute(args);
    }

    @Override
    protected Options options() {
        return new Options()
                .addOption(required("model-path", "DIR", "a LLaVA of any layout, a CLIP tower or a LLaMA"))
                .addOption(flag("vision-tower", "DIR", "the CLIP folder, if config.json does not name a local one"));
    }

    @Override
    protected void run(CommandLine line) {
        Path folder = path(line, "model-path");
        Inspection found = Inspection.of(folder, path(line, "vision-tower"));
        System.out.println(folder + ": " + found.what());
        found.parts().forEach((part, count) -> print(part, count + " parameters"));
        print("all", found.parameters() + " parameters");
        found.types().forEach((type, count) -> print(type.toString(), count + " tensors"));
        found.files().forEach((file, count) -> print("loads", count + " from " + (file.isEmpty() ? "nowhere" : file)));
        found.skipped().forEach((reason, count) -> print("skips", count + ": " + reason));
        found.odd().forEach(odd -> print("odd", odd));
        found.problems().forEach(problem -> print("problem", problem));
        if (!found.problems().isEmpty()) {
            throw new BadInputException(
                    folder + " would not load; its " + found.problems().size()
                            + " problems are listed above, use the config.json that came with the weights");
        }
    }

    private static void print(String what, String value) {
        System.out.printf(Locale.ROOT, "  %-16s %s%n", what, value);
    }
}
