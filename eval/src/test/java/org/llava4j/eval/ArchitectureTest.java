package org.llava4j.eval;

import static com.tngtech.archunit.base.DescribedPredicate.describe;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.junit.ArchTests;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.library.GeneralCodingRules;
import java.time.Clock;
import java.time.Instant;
import java.time.LocalDateTime;
import java.util.Date;
import org.llava4j.testing.ArchitectureRules;

/** Packages have no cyclic dependencies and native memory has one package, in this module and in the modules that it depends on. */
@AnalyzeClasses(packages = "org.llava4j", importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {
    @ArchTest
    static final ArchTests rulesOfAllModules = ArchTests.in(ArchitectureRules.class);

    /** Libraries log; commands and their command-line framework print. GraphHooks mutes what ND4J prints. */
    @ArchTest
    static final ArchRule librariesDoNotPrint = noClasses()
            .that()
            .resideOutsideOfPackage("org.llava4j.cli")
            .and()
            .haveNameNotMatching(
                    ".*(?:Main|\\.TrainCommand|\\.FolderFlags|\\.StatusLine|\\.RequestSession|\\.ConsoleProgress|\\.GraphHooks)(?:\\$.*)?")
            .should(GeneralCodingRules.ACCESS_STANDARD_STREAMS);

    /**
     * A clock that is set back changes nothing that matters: durations and waits use {@link System#nanoTime}. The classes
     * that read the wall clock show it to users, or recognize files that were modified just now.
     */
    @ArchTest
    static final ArchRule fewClassesReadTheWallClock = noClasses()
            .that()
            .haveNameNotMatching(
                    ".*\\.(?:FeatureStore|RecentHeaders|PreviousOutput|TensorBoardLog|RunPage|JdkHttpClientAdapter|ChatServer|AnswerWriter|ResponseWriter)(?:\\$.*)?")
            .should()
            .callMethod(System.class, "currentTimeMillis")
            .orShould()
            .callMethod(Instant.class, "now")
            .orShould()
            .callMethod(LocalDateTime.class, "now")
            .orShould()
            .callConstructor(Date.class)
            .orShould()
            .dependOnClassesThat()
            .areAssignableTo(Clock.class);

    /**
     * The default {@code toString} of a record is for debuggers: reports and messages name its components, and hashes use
     * its JSON. Conversions that the compiler adds to string concatenations are not visible to this rule.
     */
    @ArchTest
    static final ArchRule recordsDescribeThemselvesOnlyInTheirOwnWords = noClasses()
            .should()
            .callMethodWhere(describe(
                    "it is the default toString of a record",
                    call -> call.getName().equals("toString")
                            && call.getTargetOwner().isAssignableTo(Record.class)
                            && call.getTargetOwner()
                                    .tryGetMethod("toString")
                                    .map(method -> method.getAccessesFromSelf().isEmpty())
                                    .orElse(true)));
}
