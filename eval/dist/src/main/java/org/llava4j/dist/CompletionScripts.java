package org.llava4j.dist;

import java.util.Collection;
import java.util.Map;
import java.util.function.BiFunction;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.commons.cli.Option;

/** Scripts that complete subcommands, flags and the paths that flags take. */
final class CompletionScripts {
    private static final String BASH = """
            # Completion of llava4j in bash: source <(llava4j completion bash)
            _llava4j() {
              local word=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]}
              local command= flags= files= folders= values= i
              for ((i = 1; i < COMP_CWORD; i++)); do
                case ${COMP_WORDS[i]} in
                  @logFormat@) ((i++)) ;;
                  -*) ;;
                  *) command=${COMP_WORDS[i]}; break ;;
                esac
              done
              COMPREPLY=()
              if [[ $previous == @logFormat@ ]]; then
                COMPREPLY=($(compgen -W 'text json' -- "$word"))
                return
              fi
              case $command in
                '') COMPREPLY=($(compgen -W '@commands@ help completion --help --version @logFormat@' -- "$word")); return ;;
                help) COMPREPLY=($(compgen -W '@commands@' -- "$word")); return ;;
                completion) COMPREPLY=($(compgen -W 'bash zsh' -- "$word")); return ;;
            @cases@
              esac
              local kind=
              case " $files " in *" $previous "*) kind=-f ;; esac
              case " $folders " in *" $previous "*) kind=-d ;; esac
              if [[ $kind ]]; then
                local IFS=$'\\n'
                compopt -o filenames
                COMPREPLY=($(compgen "$kind" -- "$word"))
              elif [[ " $values " != *" $previous "* ]]; then
                COMPREPLY=($(compgen -W "$flags --help @logFormat@" -- "$word"))
              fi
            }
            complete -F _llava4j llava4j
            """;

    private static final String ZSH = """
            #compdef llava4j
            # Completion of llava4j in zsh: source <(llava4j completion zsh)
            _llava4j() {
              local curcontext=$curcontext state line
              local -a commands
              commands=(
            @commands@
                'health:@health@'
                'help:flags of a command'
                'completion:this script'
              )
              _arguments -C @logFormatFlag@ '--help[list all commands]' \\
                '--version[print the version]' '1:command:->command' '*::argument:->arguments'
              case $state in
                command) _describe command commands ;;
                arguments)
                  case $line[1] in
                    help) _describe command commands ;;
                    completion) _values shell bash zsh ;;
            @cases@
                  esac ;;
              esac
            }
            if [ "$funcstack[1]" = _llava4j ]; then _llava4j "$@"; else compdef _llava4j llava4j; fi
            """;

    /** Flag of all commands, also before their names. */
    private static final String ZSH_LOG_FORMAT = "'@logFormat@[format of log lines]:format:(text json)'";

    private CompletionScripts() {}

    /** @param flags flags by name of command */
    static String bash(Map<String, Collection<Option>> flags) {
        return BASH.replace("@commands@", String.join(" ", flags.keySet()))
                .replace("@cases@", lines(flags, CompletionScripts::bashCase))
                .replace("@logFormat@", LogFormat.FLAG);
    }

    /** @param flags flags by name of command */
    static String zsh(Map<String, Collection<Option>> flags) {
        String commands = Subcommand.ALL.stream()
                .map(command -> "    " + quoted(command.name() + ":" + command.summary()))
                .collect(Collectors.joining("\n"));
        return ZSH.replace("@commands@", commands)
                .replace("@health@", HealthCheck.SUMMARY)
                .replace("@cases@", lines(flags, CompletionScripts::zshCase))
                .replace("@logFormatFlag@", ZSH_LOG_FORMAT)
                .replace("@logFormat@", LogFormat.FLAG);
    }

    private static String lines(
            Map<String, Collection<Option>> flags, BiFunction<String, Collection<Option>, String> line) {
        return flags.entrySet().stream()
                .map(entry -> line.apply(entry.getKey(), entry.getValue()))
                .collect(Collectors.joining("\n"));
    }

    private static String bashCase(String command, Collection<Option> flags) {
        return "    %s) flags='%s' files='%s' folders='%s' values='%s' ;;"
                .formatted(
                        command,
                        names(flags, flag -> true),
                        names(flags, CompletionScripts::takesFile),
                        names(flags, flag -> takesFolder(flag) && !takesFile(flag)),
                        names(flags, flag -> flag.hasArg() && !takesFolder(flag) && !takesFile(flag)));
    }

    private static String names(Collection<Option> flags, Predicate<Option> which) {
        return flags.stream()
                .filter(which)
                .map(flag -> "--" + flag.getLongOpt())
                .collect(Collectors.joining(" "));
    }

    private static String zshCase(String command, Collection<Option> flags) {
        Stream<String> own = flags.stream()
                .map(flag ->
                        quoted("--" + flag.getLongOpt() + "[" + escaped(flag.getDescription()) + "]" + value(flag)));
        return Stream.concat(own, Stream.of("'--help[print this help]'", ZSH_LOG_FORMAT))
                .collect(Collectors.joining(
                        " \\\n          ", "        " + command + ") _arguments \\\n          ", " ;;"));
    }

    private static String value(Option flag) {
        if (!flag.hasArg()) {
            return "";
        }
        String completer = takesFile(flag) ? "_files" : takesFolder(flag) ? "_files -/" : " ";
        return ":" + escaped(flag.getArgName()) + ":" + completer;
    }

    private static boolean takesFile(Option flag) {
        return flag.hasArg()
                && (flag.getArgName().contains("FILE") || flag.getArgName().contains("PATH"));
    }

    private static boolean takesFolder(Option flag) {
        return flag.hasArg() && flag.getArgName().contains("DIR");
    }

    /** Escapes what has a meaning in a specification of {@code _arguments}. */
    private static String escaped(String text) {
        return text.replaceAll("[\\\\\\[\\]:]", "\\\\$0");
    }

    private static String quoted(String text) {
        return "'" + text.replace("'", "'\\''") + "'";
    }
}
