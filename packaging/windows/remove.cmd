@echo off
rem Deletes the uninstaller as soon as it has ended, the folder if nothing else is in it, and itself.
set tries=0
:again
ping -n 2 127.0.0.1 >nul
del /q "%DOMONITOR_FOLDER%\uninstall.exe"
set /a tries=tries+1
if %tries%==30 goto done
if exist "%DOMONITOR_FOLDER%\uninstall.exe" goto again
rmdir "%DOMONITOR_FOLDER%"
rmdir "%DOMONITOR_FOLDER%\.."
:done
del /q "%~f0"
