package org.llava4j.train.command;

import static org.llava4j.cli.Command.decimal;
import static org.llava4j.cli.Command.flag;
import static org.llava4j.cli.Command.integer;
import static org.llava4j.cli.Command.repeatable;
import static org.llava4j.cli.Command.toggle;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.Options;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.BadInputException;
import org.llava4j.model.lora.LoraConfig;
import org.llava4j.train.run.AdapterStart;
import org.llava4j.train.run.RunOptions;
import org.llava4j.train.run.RunPaths;
import org.llava4j.train.stage.ModelArguments;
import org.llava4j.train.stage.Stage;
import org.llava4j.train.stage.Stages;

/** LLaVA's LoRA flags. They enable LoRA for a stage, or change the values of a stage that has it. */
final class LoraFlags {
    private static final String ENABLE = "lora-enable";
    private static final String RANK = "lora-r";
    private static final String ALPHA = "lora-alpha";
    private static final String DROPOUT = "lora-dropout";
    private static final String TARGETS = "lora-target-modules";

    private static final String ADAPTER = "adapter";

    private static final List<String> TRAINABLE = List.of("model\\.mm_projector\\..+", ModelArguments.LORA_WEIGHTS);

    private LoraFlags() {}

    static void add(Options options) {
        options.addOption(toggle(
                        ENABLE,
                        "train LoRA adapters of the frozen decoder, and the projector; the output is the adapter"))
                .addOption(flag(RANK, "N", "LoRA rank (default 64)"))
                .addOption(flag(ALPHA, "REAL", "LoRA alpha; adapter outputs are scaled by alpha / rank (default 16)"))
                .addOption(flag(DROPOUT, "REAL", "dropout probability of adapter inputs (default 0.05)"))
                .addOption(repeatable(TARGETS, "REGEX", "regular expression for full weight names; repeatable"))
                .addOption(flag(
                        ADAPTER,
                        "DIR",
                        "LoRA adapter of the model that is trained further, with its rank, alpha and targets"));
    }

    /** The adapter to train further; null for a new one. */
    static @Nullable Path adapter(CommandLine line) {
        String folder = line.getOptionValue(ADAPTER);
        return folder == null ? null : Path.of(folder);
    }

    /**
     * A stage with rank, alpha and targets of the adapter to train further, if there is one.
     *
     * @param stage with the changes of {@link #addChanges}
     * @throws BadInputException if a flag asks for other values than the adapter's
     */
    static Stage withAdapter(CommandLine line, Stage stage, RunPaths paths, RunOptions options) {
        Stage adapted = AdapterStart.withAdapterLora(stage, paths, options);
        LoraConfig asked = stage.model().lora();
        LoraConfig its = adapted.model().lora();
        if (asked != null && its != null) {
            requireSame(line, RANK, asked.rank(), its.rank());
            requireSame(line, ALPHA, asked.alpha(), its.alpha());
            requireSame(line, TARGETS, asked.targets(), its.targets());
        }
        return adapted;
    }

    private static void requireSame(CommandLine line, String flag, Object asked, Object its) {
        if (line.hasOption(flag) && !asked.equals(its)) {
            throw new BadInputException("--" + flag + " is " + asked + ", but the adapter "
                    + line.getOptionValue(ADAPTER) + " has " + its + "; leave it out to train the adapter further");
        }
    }

    /** Adds the stage values that the flags change. */
    static void addChanges(CommandLine line, Stage stage, Map<String, Object> changes) {
        boolean on = line.hasOption(ENABLE) || stage.model().lora() != null;
        for (String name : List.of(RANK, ALPHA, DROPOUT, TARGETS)) {
            if (line.hasOption(name) && !on) {
                throw new BadInputException("--" + name + " has no effect on a stage without LoRA; enable it (--"
                        + ENABLE + ") or use --stage " + Stages.FINETUNE_LORA);
            }
        }
        if (!on) {
            return;
        }
        LoraConfig base =
                stage.model().lora() == null ? LoraConfig.LLAVA : stage.model().lora();
        changes.put(
                "lora",
                new LoraConfig(
                        integer(line, RANK, base.rank()),
                        decimal(line, ALPHA, base.alpha()),
                        decimal(line, DROPOUT, base.dropout()),
                        line.hasOption(TARGETS) ? List.of(line.getOptionValues(TARGETS)) : base.targets()));
        if (stage.model().lora() == null) {
            changes.put("trainable", TRAINABLE);
        }
    }
}
