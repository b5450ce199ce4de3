@echo off
rem Runs a command of LLaVA4J: llava4j COMMAND [flags]; llava4j --help lists all.
rem
rem JAVA_HOME    the Java to use; else the java on the PATH
rem JAVA_OPTS    options of the JVM, such as -Xmx4g
rem LLAVA4J_OPTS the same for LLaVA4J alone
setlocal
for %%i in ("%~dp0..") do set "LLAVA4J_DIR=%%~fi"
set "JAVA_EXE=java.exe"
if defined JAVA_HOME set "JAVA_EXE=%JAVA_HOME%\bin\java.exe"
"%JAVA_EXE%" -version >nul 2>&1
if errorlevel 1 (
  echo llava4j: Java 17 or newer is required and %JAVA_EXE% does not run; install one or set JAVA_HOME 1>&2
  exit /b 1
)
set "JAVA_VERSION=0"
for /f "tokens=3" %%v in ('"%JAVA_EXE%" -version 2^>^&1 ^| findstr /i "version"') do set "JAVA_VERSION=%%~v"
for /f "delims=.-+" %%m in ("%JAVA_VERSION%") do set "JAVA_MAJOR=%%m"
if %JAVA_MAJOR% LSS 17 (
  echo llava4j: Java 17 or newer is required; %JAVA_EXE% has version %JAVA_VERSION% 1>&2
  exit /b 1
)
set "UNSAFE="
if %JAVA_MAJOR% GEQ 24 set "UNSAFE=--sun-misc-unsafe-memory-access=allow"
"%JAVA_EXE%" --add-modules jdk.incubator.vector --enable-native-access=ALL-UNNAMED %UNSAFE% -Xmx1500m ^
  -Djava.awt.headless=true "-Dllava4j.home=%LLAVA4J_DIR%" %JAVA_OPTS% %LLAVA4J_OPTS% ^
  -cp "%LLAVA4J_DIR%\lib\${project.build.finalName}.jar" org.llava4j.dist.LlavaMain %*
exit /b %errorlevel%
